/** Folders, the names of properties, restrictions, views and sort orders. Facts in the notation of grammar.ts. */
export const folderAndSearchTypes = `
$Path = (FieldURI=PathToUnindexedField | IndexedFieldURI=PathToIndexedField | ExtendedFieldURI=PathToExtendedField)
$SearchExpression = (Exists | Excludes | IsEqualTo | IsNotEqualTo | IsGreaterThan | IsGreaterThanOrEqualTo | IsLessThan
  | IsLessThanOrEqualTo | Contains=ContainsExpression | Not | And | Or | Near)
$Transition = (Transition | AbsoluteDateTransition | RecurringDayTransition | RecurringDateTransition)
DefaultShapeNames : enum IdOnly Default AllProperties PcxPeopleSearch
BodyTypeResponse : enum Best HTML Text
PathToUnindexedField = @ FieldURI=UnindexedFieldURI!
PathToIndexedField = @ FieldURI=DictionaryURI! FieldIndex=string!
DistinguishedPropertySet : enum Meeting Appointment Common PublicStrings Address InternetHeaders CalendarAssistant UnifiedMessaging Task
  Sharing
Guid : string /[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}/
HexPropertyTag : string /(0x|0X)[0-9A-Fa-f]{1,4}/
PropertyTag : union unsignedShort HexPropertyTag
MapiPropertyType : enum ApplicationTime ApplicationTimeArray Binary BinaryArray Boolean CLSID CLSIDArray Currency CurrencyArray Double
  DoubleArray Error Float FloatArray Integer IntegerArray Long LongArray Null Object ObjectArray Short ShortArray SystemTime
  SystemTimeArray String StringArray
PathToExtendedField = @ DistinguishedPropertySetId=DistinguishedPropertySet PropertySetId=Guid PropertyTag PropertyName=string
  PropertyId=int PropertyType=MapiPropertyType!
NonEmptyArrayOfPathsToElement = ($Path)+
ItemResponseShape = BaseShape=DefaultShapeNames, IncludeMimeContent=boolean?, BodyType=BodyTypeResponse?,
  UniqueBodyType=BodyTypeResponse?, NormalizedBodyType=BodyTypeResponse?, FilterHtmlContent=boolean?, ConvertHtmlCodePageToUTF8=boolean?,
  InlineImageUrlTemplate=string?, BlockExternalImages=boolean?, AddBlankTargetToLinks=boolean?, MaximumBodySize=int?,
  AdditionalProperties=NonEmptyArrayOfPathsToElement?
BasePaging = @ MaxEntriesReturned=int
IndexBasePoint : enum Beginning End
IndexedPageView < BasePaging = @ Offset=int! BasePoint=IndexBasePoint!
FractionalPageView < BasePaging = @ Numerator=int! Denominator=int!
Exists = $Path
ExcludesAttribute : string /((0x|0X)[0-9A-Fa-f]*)|([0-9]*)/
ExcludesValue = @ Value=ExcludesAttribute!
Excludes = $Path, Bitmask=ExcludesValue
ConstantValue = @ Value=string!
FieldURIOrConstant = ($Path | Constant=ConstantValue)
TwoOperandExpression = $Path, FieldURIOrConstant
IsEqualTo < TwoOperandExpression =
IsNotEqualTo < TwoOperandExpression =
IsGreaterThan < TwoOperandExpression =
IsGreaterThanOrEqualTo < TwoOperandExpression =
IsLessThan < TwoOperandExpression =
IsLessThanOrEqualTo < TwoOperandExpression =
ContainsExpression = $Path, Constant=ConstantValue @ ContainmentMode ContainmentComparison
Not = $SearchExpression
MultipleOperandBooleanExpression = $SearchExpression+
And < MultipleOperandBooleanExpression =
Or < MultipleOperandBooleanExpression =
Near < MultipleOperandBooleanExpression = Distance=unsignedInt, Ordered=boolean
Restriction = $SearchExpression
SeekToConditionPageView < BasePaging = Condition=Restriction @ BasePoint=IndexBasePoint!
SortDirection : enum Ascending Descending
BaseGroupBy = @ Order=SortDirection!
Aggregate : enum Minimum Maximum
AggregateOn = (FieldURI=PathToUnindexedField | IndexedFieldURI=PathToIndexedField | ExtendedFieldURI=PathToExtendedField) @ Aggregate!
GroupBy < BaseGroupBy = (FieldURI=PathToUnindexedField | IndexedFieldURI=PathToIndexedField | ExtendedFieldURI=PathToExtendedField),
  AggregateOn, UseCollapsibleGroups=boolean?, ItemsPerGroup=nonNegativeInteger?, MaxItemsPerGroup=nonNegativeInteger?,
  GroupsToExpand=ArrayOfGroupId?
StandardGroupBy : enum ConversationTopic
DistinguishedGroupBy < BaseGroupBy = StandardGroupBy
FieldOrder = $Path @ Order=SortDirection!
NonEmptyArrayOfFieldOrders = FieldOrder+
FolderId = @ Id=string! ChangeKey=string
DistinguishedFolderIdName : enum calendar contacts deleteditems drafts inbox journal notes outbox sentitems tasks msgfolderroot
  publicfoldersroot root junkemail searchfolders voicemail recoverableitemsroot recoverableitemsdeletions recoverableitemsversions
  recoverableitemspurges recoverableitemsdiscoveryholds archiveroot archivemsgfolderroot archivedeleteditems archiveinbox
  archiverecoverableitemsroot archiverecoverableitemsdeletions archiverecoverableitemsversions archiverecoverableitemspurges
  archiverecoverableitemsdiscoveryholds syncissues conflicts localfailures serverfailures recipientcache quickcontacts conversationhistory
  adminauditlogs todosearch mycontacts directory imcontactlist peopleconnect favorites mecontact personmetadata teamspaceactivity
  teamspacemessaging teamspaceworkitems scheduled orionnotes tagitems alltaggeditems externalcontacts teamchat teamchathistory yammerroot
  yammerinbound yammeroutbound yammerfeeds onedriveroot onedriverecylebin onedrivesystem onedrivevolume important starred archive
DistinguishedFolderId = Mailbox=EmailAddressType? @ Id=DistinguishedFolderIdName! ChangeKey=string
NonEmptyArrayOfBaseFolderIds = (FolderId | DistinguishedFolderId)+
ItemQueryTraversal : enum Shallow SoftDeleted Associated
TargetFolderId = (FolderId | DistinguishedFolderId | AddressListId)
MailboxGuids = MailboxGuid=Guid+
NonEmptyArrayOfPropertyValues = (Value=string+)
ExtendedProperty = ExtendedFieldURI=PathToExtendedField, (Value=string | Values=NonEmptyArrayOfPropertyValues)
AttachmentResponseShape = IncludeMimeContent=boolean?, BodyType=BodyTypeResponse?, FilterHtmlContent=boolean?,
  AdditionalProperties=NonEmptyArrayOfPathsToElement?
FolderResponseShape = BaseShape=DefaultShapeNames, AdditionalProperties=NonEmptyArrayOfPathsToElement?
FolderQueryTraversal : enum Shallow Deep SoftDeleted
ManagedFolderInformation = CanDelete=boolean?, CanRenameOrMove=boolean?, MustDisplayComment=boolean?, HasQuota=boolean?,
  IsManagedFoldersRoot=boolean?, ManagedFolderId=string?, Comment=string?, StorageQuota=int?, FolderSize=int?, HomePage=string?
BaseFolder = FolderId?, ParentFolderId=FolderId?, FolderClass=string?, DisplayName=string?, TotalCount=int?, ChildFolderCount=int?,
  ExtendedProperty*, ManagedFolderInformation?, EffectiveRights?, DistinguishedFolderId=DistinguishedFolderIdName?,
  PolicyTag=RetentionTag?, ArchiveTag=RetentionTag?, ReplicaList=ArrayOfStrings?
DistinguishedUser : enum Default Anonymous
UserId = SID=string?, PrimarySmtpAddress=string?, DisplayName=string?, DistinguishedUser?, ExternalUserIdentity=string?
PermissionAction : enum None Owned All
BasePermission = UserId, CanCreateItems=boolean?, CanCreateSubFolders=boolean?, IsFolderOwner=boolean?, IsFolderVisible=boolean?,
  IsFolderContact=boolean?, EditItems=PermissionAction?, DeleteItems=PermissionAction?
PermissionReadAccess : enum None FullDetails
PermissionLevel : enum None Owner PublishingEditor Editor PublishingAuthor Author NoneditingAuthor Reviewer Contributor Custom
Permission < BasePermission = ReadItems=PermissionReadAccess?, PermissionLevel
ArrayOfPermissions = (Permission)*
ArrayOfUnknownEntries = (UnknownEntry=string)*
PermissionSet = Permissions=ArrayOfPermissions, UnknownEntries=ArrayOfUnknownEntries?
Folder < BaseFolder = PermissionSet?, UnreadCount=int?
SearchFolderTraversal : enum Shallow Deep
SearchParameters = Restriction, BaseFolderIds=NonEmptyArrayOfBaseFolderIds @ Traversal=SearchFolderTraversal
SearchFolder < Folder = SearchParameters?
NonEmptyArrayOfFolders = (Folder | CalendarFolder | ContactsFolder | SearchFolder | TasksFolder)+
FlaggedForAction : enum Any Call DoNotForward FollowUp FYI Forward NoResponseNecessary Read Reply ReplyToAll Review
ArrayOfEmailAddresses = Address=EmailAddressType*
RulePredicateDateRange = StartDateTime=dateTime?, EndDateTime=dateTime?
RulePredicateSizeRange = MinimumSize=int?, MaximumSize=int?
RulePredicates = Categories=ArrayOfStrings?, ContainsBodyStrings=ArrayOfStrings?, ContainsHeaderStrings=ArrayOfStrings?,
  ContainsRecipientStrings=ArrayOfStrings?, ContainsSenderStrings=ArrayOfStrings?, ContainsSubjectOrBodyStrings=ArrayOfStrings?,
  ContainsSubjectStrings=ArrayOfStrings?, FlaggedForAction?, FromAddresses=ArrayOfEmailAddresses?, FromConnectedAccounts=ArrayOfStrings?,
  HasAttachments=boolean?, Importance=ImportanceChoices?, IsApprovalRequest=boolean?, IsAutomaticForward=boolean?,
  IsAutomaticReply=boolean?, IsEncrypted=boolean?, IsMeetingRequest=boolean?, IsMeetingResponse=boolean?, IsNDR=boolean?,
  IsPermissionControlled=boolean?, IsReadReceipt=boolean?, IsSigned=boolean?, IsVoicemail=boolean?, ItemClasses=ArrayOfStrings?,
  MessageClassifications=ArrayOfStrings?, NotSentToMe=boolean?, SentCcMe=boolean?, SentOnlyToMe=boolean?,
  SentToAddresses=ArrayOfEmailAddresses?, SentToMe=boolean?, SentToOrCcMe=boolean?, Sensitivity=SensitivityChoices?,
  WithinDateRange=RulePredicateDateRange?, WithinSizeRange=RulePredicateSizeRange?
RuleActions = AssignCategories=ArrayOfStrings?, CopyToFolder=TargetFolderId?, Delete=boolean?,
  ForwardAsAttachmentToRecipients=ArrayOfEmailAddresses?, ForwardToRecipients=ArrayOfEmailAddresses?, MarkImportance=ImportanceChoices?,
  MarkAsRead=boolean?, MoveToFolder=TargetFolderId?, PermanentDelete=boolean?, RedirectToRecipients=ArrayOfEmailAddresses?,
  SendSMSAlertToRecipients=ArrayOfEmailAddresses?, ServerReplyWithMessage=ItemId?, StopProcessingRules=boolean?
Rule = RuleId=string?, DisplayName=string, Priority=int, IsEnabled=boolean, IsNotSupported=boolean?, IsInError=boolean?,
  Conditions=RulePredicates?, Exceptions=RulePredicates?, Actions=RuleActions?
CreateRuleOperation = Rule
SetRuleOperation = Rule
DeleteRuleOperation = RuleId=string
ArrayOfRuleOperations = (CreateRuleOperation | SetRuleOperation | DeleteRuleOperation)+
SearchResultType : enum StatisticsOnly PreviewOnly
SearchPageDirection : enum Previous Next
MailboxSearchLocation : enum PrimaryOnly ArchiveOnly All
ExtendedAttribute = Name=string, Value=string
ArrayOfExtendedAttributes = ExtendedAttribute*
MailboxSearchScope = Mailbox=string, SearchScope=MailboxSearchLocation, ExtendedAttributes=ArrayOfExtendedAttributes?
NonEmptyArrayOfMailboxSearchScopes = MailboxSearchScope+
MailboxQuery = Query=string, MailboxSearchScopes=NonEmptyArrayOfMailboxSearchScopes
NonEmptyArrayOfMailboxQueries = MailboxQuery+
PreviewItemBaseShape : enum Default Compact
NonEmptyArrayOfExtendedFieldURIs = (ExtendedFieldURI=PathToExtendedField)+
PreviewItemResponseShape = BaseShape=PreviewItemBaseShape, AdditionalProperties=NonEmptyArrayOfExtendedFieldURIs?
NotificationEventType : enum CopiedEvent CreatedEvent DeletedEvent ModifiedEvent MovedEvent NewMailEvent FreeBusyChangedEvent
NonEmptyArrayOfNotificationEventTypes = (EventType=NotificationEventType)+
SubscriptionTimeout : int min 1 max 1440
StreamingSubscriptionConnectionTimeout : int min 1 max 30
BaseSubscriptionRequest = FolderIds=NonEmptyArrayOfBaseFolderIds?, EventTypes=NonEmptyArrayOfNotificationEventTypes,
  Watermark=NonEmptyString? @ SubscribeToAllFolders=boolean
PullSubscriptionRequest < BaseSubscriptionRequest = Timeout=SubscriptionTimeout
PushSubscriptionRequest < BaseSubscriptionRequest = StatusFrequency=SubscriptionTimeout, URL=string, CallerData=string?
StreamingSubscriptionRequest = FolderIds=NonEmptyArrayOfBaseFolderIds?, EventTypes=NonEmptyArrayOfNotificationEventTypes
  @ SubscribeToAllFolders=boolean
NonEmptyArrayOfSubscriptionIds = SubscriptionId=NonEmptyString+
$AnyFolder = (Folder | CalendarFolder | ContactsFolder | SearchFolder | TasksFolder)
SetFolderField = $Path, $AnyFolder
AppendToFolderField = $Path, $AnyFolder
DeleteFolderField = $Path
NonEmptyArrayOfFolderChangeDescriptions = (AppendToFolderField | SetFolderField | DeleteFolderField)+
FolderChange = (FolderId | DistinguishedFolderId), Updates=NonEmptyArrayOfFolderChangeDescriptions
NonEmptyArrayOfFolderChanges = FolderChange+
SyncFolderItemsScope : enum NormalItems NormalAndAssociatedItems
ResolveNamesSearchScope : enum ActiveDirectory ActiveDirectoryContacts Contacts ContactsActiveDirectory
AlternatePublicFolderId < AlternateIdBase = @ FolderId=string!
AlternatePublicFolderItemId < AlternatePublicFolderId = @ ItemId=string!
PersonaResponseShape = BaseShape=DefaultShapeNames, AdditionalProperties=NonEmptyArrayOfPathsToElement?
ContextProperty = Key=string, Value=string
ArrayOfContextProperty = ContextProperty+
ArrayOfPeopleQuerySource = Source=string+
`;
