/** The requests: each operation's element, its possible content in order, and its attributes. Facts in the notation of grammar.ts. */
export const operationTypes = `
FindItem -> m.FindItem
GetItem -> m.GetItem
CreateItem -> m.CreateItem
SendItem -> m.SendItem
UpdateItem -> m.UpdateItem
CopyItem -> m.CopyItem
MoveItem -> m.MoveItem
DeleteItem -> m.DeleteItem
MarkAsJunk -> m.MarkAsJunk
CreateAttachment -> m.CreateAttachment
GetAttachment -> m.GetAttachment
DeleteAttachment -> m.DeleteAttachment
GetFolder -> m.GetFolder
FindFolder -> m.FindFolder
CreateFolder -> m.CreateFolder
UpdateFolder -> m.UpdateFolder
MoveFolder -> m.MoveFolder
CopyFolder -> m.CopyFolder
DeleteFolder -> m.DeleteFolder
EmptyFolder -> m.EmptyFolder
MarkAllItemsAsRead -> m.MarkAllItemsAsRead
GetInboxRules -> m.GetInboxRules
UpdateInboxRules -> m.UpdateInboxRules
SearchMailboxes -> m.SearchMailboxes
Subscribe -> m.Subscribe
Unsubscribe -> m.Unsubscribe
GetEvents -> m.GetEvents
GetStreamingEvents -> m.GetStreamingEvents
SyncFolderHierarchy -> m.SyncFolderHierarchy
SyncFolderItems -> m.SyncFolderItems
ResolveNames -> m.ResolveNames
ExpandDL -> m.ExpandDL
GetUserOofSettingsRequest -> m.GetUserOofSettingsRequest
SetUserOofSettingsRequest -> m.SetUserOofSettingsRequest
GetSearchableMailboxes -> m.GetSearchableMailboxes
GetServerTimeZones -> m.GetServerTimeZones
ConvertId -> m.ConvertId
FindPeople -> m.FindPeople
ExportItems -> m.ExportItems
UploadItems -> m.UploadItems
m.QueryString = ~string @ ResetCache=boolean ReturnHighlightTerms=boolean ReturnDeletedItems=boolean
m.FindItem = ItemShape=ItemResponseShape, (IndexedPageItemView=IndexedPageView | FractionalPageItemView=FractionalPageView |
  SeekToConditionPageItemView=SeekToConditionPageView | CalendarView | ContactsView)?, (GroupBy | DistinguishedGroupBy)?, Restriction?,
  SortOrder=NonEmptyArrayOfFieldOrders?, ParentFolderIds=NonEmptyArrayOfBaseFolderIds, QueryString? @ Traversal=ItemQueryTraversal!
m.GetItem = ItemShape=ItemResponseShape, ItemIds=NonEmptyArrayOfBaseItemIds
m.CreateItem = SavedItemFolderId=TargetFolderId?, Items=NonEmptyArrayOfAllItems @ MessageDisposition
  SendMeetingInvitations=CalendarItemCreateOrDeleteOperation
m.SendItem = ItemIds=NonEmptyArrayOfBaseItemIds, SavedItemFolderId=TargetFolderId? @ SaveItemToFolder=boolean!
m.UpdateItem = SavedItemFolderId=TargetFolderId?, ItemChanges=NonEmptyArrayOfItemChanges @ ConflictResolution! MessageDisposition
  SendMeetingInvitationsOrCancellations=CalendarItemUpdateOperation SuppressReadReceipts=boolean
m.BaseMoveCopyItem = ToFolderId=TargetFolderId, ItemIds=NonEmptyArrayOfBaseItemIds, ReturnNewItemIds=boolean?
m.CopyItem < m.BaseMoveCopyItem =
m.MoveItem < m.BaseMoveCopyItem =
m.DeleteItem = ItemIds=NonEmptyArrayOfBaseItemIds @ DeleteType=Disposal! SendMeetingCancellations=CalendarItemCreateOrDeleteOperation
  AffectedTaskOccurrences SuppressReadReceipts=boolean
m.MarkAsJunk = ItemIds=NonEmptyArrayOfBaseItemIds @ IsJunk=boolean! MoveItem=boolean!
m.CreateAttachment = ParentItemId=ItemId, Attachments=NonEmptyArrayOfAttachments
m.GetAttachment = AttachmentShape=AttachmentResponseShape?, AttachmentIds=NonEmptyArrayOfRequestAttachmentIds
m.DeleteAttachment = AttachmentIds=NonEmptyArrayOfRequestAttachmentIds
m.GetFolder = FolderShape=FolderResponseShape, FolderIds=NonEmptyArrayOfBaseFolderIds
m.FindFolder = FolderShape=FolderResponseShape, (IndexedPageFolderView=IndexedPageView | FractionalPageFolderView=FractionalPageView)?,
  Restriction?, ParentFolderIds=NonEmptyArrayOfBaseFolderIds @ Traversal=FolderQueryTraversal!
m.CreateFolder = ParentFolderId=TargetFolderId, Folders=NonEmptyArrayOfFolders
m.UpdateFolder = FolderChanges=NonEmptyArrayOfFolderChanges
m.BaseMoveCopyFolder = ToFolderId=TargetFolderId, FolderIds=NonEmptyArrayOfBaseFolderIds
m.MoveFolder < m.BaseMoveCopyFolder =
m.CopyFolder < m.BaseMoveCopyFolder =
m.DeleteFolder = FolderIds=NonEmptyArrayOfBaseFolderIds @ DeleteType=Disposal!
m.EmptyFolder = FolderIds=NonEmptyArrayOfBaseFolderIds @ DeleteType=Disposal! DeleteSubFolders=boolean!
m.MarkAllItemsAsRead = ReadFlag=boolean, SuppressReadReceipts=boolean, FolderIds=NonEmptyArrayOfBaseFolderIds
m.GetInboxRules = MailboxSmtpAddress=string?
m.UpdateInboxRules = MailboxSmtpAddress=string?, RemoveOutlookRuleBlob=boolean?, Operations=ArrayOfRuleOperations
m.SearchMailboxes = SearchQueries=NonEmptyArrayOfMailboxQueries, ResultType=SearchResultType, PreviewItemResponseShape?,
  SortBy=FieldOrder?, Language=string?, Deduplication=boolean?, PageSize=int?, PageItemReference=string?, PageDirection=SearchPageDirection?
m.Subscribe = (PullSubscriptionRequest | PushSubscriptionRequest | StreamingSubscriptionRequest)
m.Unsubscribe = SubscriptionId=NonEmptyString
m.GetEvents = SubscriptionId=NonEmptyString, Watermark=NonEmptyString
m.GetStreamingEvents = SubscriptionIds=NonEmptyArrayOfSubscriptionIds, ConnectionTimeout=StreamingSubscriptionConnectionTimeout
m.SyncFolderHierarchy = FolderShape=FolderResponseShape, SyncFolderId=TargetFolderId?, SyncState=string?
m.SyncFolderItems = ItemShape=ItemResponseShape, SyncFolderId=TargetFolderId, SyncState=string?, Ignore=ArrayOfBaseItemIds?,
  MaxChangesReturned=MaxSyncChangesReturned, SyncScope=SyncFolderItemsScope?
m.ResolveNames = ParentFolderIds=NonEmptyArrayOfBaseFolderIds?, UnresolvedEntry=NonEmptyString @ ReturnFullContactData=boolean!
  SearchScope=ResolveNamesSearchScope ContactDataShape=DefaultShapeNames
m.ExpandDL = Mailbox=EmailAddressType
m.GetUserOofSettingsRequest = t:Mailbox=EmailAddress
m.SetUserOofSettingsRequest = t:Mailbox=EmailAddress, t:UserOofSettings
m.GetSearchableMailboxes = SearchFilter=string?, ExpandGroupMembership=boolean?
m.GetServerTimeZones = Ids=NonEmptyArrayOfTimeZoneId? @ ReturnFullTimeZoneData=boolean
m.ConvertId = SourceIds=NonEmptyArrayOfAlternateIds @ DestinationFormat=IdFormat!
m.FindPeople = PersonaShape=PersonaResponseShape?, IndexedPageItemView=IndexedPageView, Restriction?, AggregationRestriction=Restriction?,
  SortOrder=NonEmptyArrayOfFieldOrders?, ParentFolderId=TargetFolderId?, QueryString=string?, SearchPeopleSuggestionIndex=boolean?,
  TopicQueryString=string?, Context=ArrayOfContextProperty?, QuerySources=ArrayOfPeopleQuerySource?
m.ExportItems = ItemIds=NonEmptyArrayOfItemIds
m.UploadItems = Items=NonEmptyArrayOfUploadItems
`;
