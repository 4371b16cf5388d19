/** Items, messages, attachments, addresses, automatic replies, and the parts of requests about items. Facts in the notation of grammar.ts. */
export const itemTypes = `
ContainmentMode : enum FullString Prefixed Substring PrefixOnWords ExactPhrase
ContainmentComparison : enum Exact IgnoreCase IgnoreNonSpacingCharacters Loose IgnoreCaseAndNonSpacingCharacters LooseAndIgnoreCase
  LooseAndIgnoreNonSpace LooseAndIgnoreCaseAndIgnoreNonSpace
ArrayOfGroupId = (GroupId=base64Binary)*
NonEmptyString : string length 1
MailboxType : enum Unknown OneOff Mailbox PublicDL PrivateDL Contact PublicFolder GroupMailbox ImplicitContact
ItemId = @ Id=string! ChangeKey=string
EmailAddressType = Name=string?, EmailAddress=NonEmptyString?, RoutingType=NonEmptyString?, MailboxType?, ItemId?,
  OriginalDisplayName=string?
DerivedItemId : string
RecurringMasterItemId = @ OccurrenceId=DerivedItemId! ChangeKey=string
RecurringMasterItemIdRanges < ItemId = Ranges=ArrayOfOccurrenceRanges?
NonEmptyArrayOfBaseItemIds = (ItemId | OccurrenceItemId | RecurringMasterItemId | RecurringMasterItemIdRanges)+
AddressListId = @ Id=string!
MimeContent = ~string @ CharacterSet=string
ItemClass : string
SensitivityChoices : enum Normal Personal Private Confidential
BodyTypeType : enum HTML Text
Body = ~string @ BodyType=BodyTypeType! IsTruncated=boolean
RequestAttachmentId = @ Id=string!
AttachmentId < RequestAttachmentId = @ RootItemId=string RootItemChangeKey=string
Attachment = AttachmentId?, Name=string?, ContentType=string?, ContentId=string?, ContentLocation=string?, AttachmentOriginalUrl=string?,
  Size=int?, LastModifiedTime=dateTime?, IsInline=boolean?
SingleRecipient = (Mailbox=EmailAddressType)
ArrayOfRecipients = (Mailbox=EmailAddressType)*
ApprovalRequestData = IsUndecidedApprovalRequest=boolean?, ApprovalDecision=int?, ApprovalDecisionMaker=string?,
  ApprovalDecisionTime=dateTime?
SendPrompt : enum None Send VotingOption
VotingOptionData = DisplayName=string?, SendPrompt?
ArrayOfVotingOptionData = VotingOptionData*
VotingInformation = UserOptions=ArrayOfVotingOptionData?, VotingResponse=string?
MessageSafety = MessageSafetyLevel=int?, MessageSafetyReason=int?, Info=string?
SmtpAddress = ~NonEmptyString
Message < Item = Sender=SingleRecipient?, ToRecipients=ArrayOfRecipients?, CcRecipients=ArrayOfRecipients?,
  BccRecipients=ArrayOfRecipients?, IsReadReceiptRequested=boolean?, IsDeliveryReceiptRequested=boolean?, ConversationIndex=base64Binary?,
  ConversationTopic=string?, From=SingleRecipient?, InternetMessageId=string?, IsRead=boolean?, IsResponseRequested=boolean?,
  References=string?, ReplyTo=ArrayOfRecipients?, ReceivedBy=SingleRecipient?, ReceivedRepresenting=SingleRecipient?,
  ApprovalRequestData?, VotingInformation?, ReminderMessageData?, MessageSafety?, SenderSMTPAddress=SmtpAddress?, MailboxGuids?,
  PublishedCalendarItemIcs=string?, PublishedCalendarItemName=string?
SharingActionImportance : enum Primary Secondary
SharingActionType : enum Accept
SharingAction : enum AcceptAndViewCalendar ViewCalendar AddThisCalendar Accept
SharingMessageAction = Importance=SharingActionImportance?, ActionType=SharingActionType?, Action=SharingAction?
ArrayOfSharingMessageAction = SharingMessageAction?
SharingMessage < Message = SharingMessageAction?, SharingMessageActions=ArrayOfSharingMessageAction?
ResponseType : enum Unknown Organizer Tentative Accept Decline NoResponseReceived
ArrayOfStrings = String=string*
ArrayOfBinary = Base64Binary=base64Binary*
ChangeHighlights = HasLocationChanged=boolean?, Location=string?, HasStartTimeChanged=boolean?, Start=dateTime?,
  HasEndTimeChanged=boolean?, End=dateTime?
RegeneratingPatternBase < IntervalRecurrencePatternBase =
DailyRegeneratingPattern < RegeneratingPatternBase =
WeeklyRegeneratingPattern < RegeneratingPatternBase =
MonthlyRegeneratingPattern < RegeneratingPatternBase =
YearlyRegeneratingPattern < RegeneratingPatternBase =
PostItem < Item = ConversationIndex=base64Binary?, ConversationTopic=string?, From=SingleRecipient?, InternetMessageId=string?,
  IsRead=boolean?, PostedTime=dateTime?, References=string?, Sender=SingleRecipient?
ItemAttachment < Attachment = (Item | Message | SharingMessage | CalendarItem | Contact=ContactItem | MeetingMessage |
  MeetingRequest=MeetingRequestMessage | MeetingResponse=MeetingResponseMessage | MeetingCancellation=MeetingCancellationMessage | Task |
  PostItem | RoleMember=RoleMemberItem | Network=NetworkItem | Person=AbchPersonItem)?
FileAttachment < Attachment = IsContactPhoto=boolean?, Content=base64Binary?
ReferenceAttachment < Attachment = AttachLongPathName=string?, ProviderType=string?, ProviderEndpointUrl=string?,
  AttachmentThumbnailUrl=string?, AttachmentPreviewUrl=string?, PermissionType=int?, OriginalPermissionType=int?,
  AttachmentIsFolder=boolean?
NonEmptyArrayOfAttachments = (ItemAttachment | FileAttachment | ReferenceAttachment)+
ImportanceChoices : enum Low Normal High
InternetHeader = ~string @ HeaderName=string!
NonEmptyArrayOfInternetHeaders = InternetMessageHeader=InternetHeader+
WellKnownResponseObject = ItemClass?, Sensitivity=SensitivityChoices?, Body?, Attachments=NonEmptyArrayOfAttachments?,
  InternetMessageHeaders=NonEmptyArrayOfInternetHeaders?, Sender=SingleRecipient?, ToRecipients=ArrayOfRecipients?,
  CcRecipients=ArrayOfRecipients?, BccRecipients=ArrayOfRecipients?, IsReadReceiptRequested=boolean?, IsDeliveryReceiptRequested=boolean?,
  From=SingleRecipient?, ReferenceItemId=ItemId? @ ObjectName=string
AcceptItem < MeetingRegistrationResponseObject =
TentativelyAcceptItem < MeetingRegistrationResponseObject =
DeclineItem < MeetingRegistrationResponseObject =
SmartResponseBase = Subject=string?, Body?, ToRecipients=ArrayOfRecipients?, CcRecipients=ArrayOfRecipients?,
  BccRecipients=ArrayOfRecipients?, IsReadReceiptRequested=boolean?, IsDeliveryReceiptRequested=boolean?, From=SingleRecipient?,
  ReferenceItemId=ItemId? @ ObjectName=string
SmartResponse < SmartResponseBase = NewBodyContent=Body?
ReplyToItem < SmartResponse =
ForwardItem < SmartResponse =
ReplyAllToItem < SmartResponse = IsSpecificMessageReply=boolean?
ResponseObjectCore < Message = ReferenceItemId=ItemId?
ResponseObject < ResponseObjectCore = @ ObjectName=string
RemoveItem < ResponseObject =
ReferenceItemResponse = ReferenceItemId=ItemId? @ ObjectName=string
SuppressReadReceipt < ReferenceItemResponse =
PostReplyItemBase = Subject=string?, Body?, ReferenceItemId=ItemId? @ ObjectName=string
PostReplyItem < PostReplyItemBase = NewBodyContent=Body?
AcceptSharingInvitation < ReferenceItemResponse =
ProposeNewTime < ResponseObject =
NonEmptyArrayOfResponseObjects = (AcceptItem | TentativelyAcceptItem | DeclineItem | ReplyToItem | ForwardItem | ReplyAllToItem |
  CancelCalendarItem | RemoveItem | SuppressReadReceipt | PostReplyItem | AcceptSharingInvitation | AddItemToMyCalendar | ProposeNewTime)*
EffectiveRights = CreateAssociated=boolean, CreateContents=boolean, CreateHierarchy=boolean, Delete=boolean, Modify=boolean, Read=boolean,
  ViewPrivateItems=boolean?
FlagStatus : enum NotFlagged Flagged Complete
Flag = FlagStatus, StartDate=dateTime?, DueDate=dateTime?, CompleteDate=dateTime?
EmailPosition : enum LatestReply Other Subject Signature
Entity = Position=EmailPosition*
ArrayOfUrls = Url=string*
ArrayOfExtractedEmailAddresses = EmailAddress=string*
ArrayOfAddresses = Address=string*
EntityExtractionResult = #open
RetentionTag = ~Guid @ IsExplicit=boolean!
RightsManagementLicenseData = #open
NonEmptyArrayOfPredictedActionReason = #open
IconIndex : enum Default PostItem MailRead MailUnread MailReplied MailForwarded MailEncrypted MailSmimeSigned MailEncryptedReplied
  MailSmimeSignedReplied MailEncryptedForwarded MailSmimeSignedForwarded MailEncryptedRead MailSmimeSignedRead MailIrm MailIrmForwarded
  MailIrmReplied SmsSubmitted SmsRoutedToDeliveryPoint SmsRoutedToExternalMessagingSystem SmsDelivered OutlookDefaultForContacts
  AppointmentItem AppointmentRecur AppointmentMeet AppointmentMeetRecur AppointmentMeetNY AppointmentMeetYes AppointmentMeetNo
  AppointmentMeetMaybe AppointmentMeetCancel AppointmentMeetInfo TaskItem TaskRecur TaskOwned TaskDelegated
MentionsPreview = #open
NonEmptyArrayOfMentionActions = #open
NonEmptyArrayOfAppliedHashtag = #open
AppliedHashtagsPreview = #open
NonEmptyArrayOfLike = #open
LikesPreview = #open
InferenceClassification : enum Focused Other
Item = MimeContent?, ItemId?, ParentFolderId=FolderId?, ItemClass?, Subject=string?, Sensitivity=SensitivityChoices?, Body?,
  Attachments=NonEmptyArrayOfAttachments?, DateTimeReceived=dateTime?, Size=int?, Categories=ArrayOfStrings?,
  Importance=ImportanceChoices?, InReplyTo=string?, IsSubmitted=boolean?, IsDraft=boolean?, IsFromMe=boolean?, IsResend=boolean?,
  IsUnmodified=boolean?, InternetMessageHeaders=NonEmptyArrayOfInternetHeaders?, DateTimeSent=dateTime?, DateTimeCreated=dateTime?,
  ResponseObjects=NonEmptyArrayOfResponseObjects?, ReminderDueBy=dateTime?, ReminderIsSet=boolean?, ReminderNextTime=dateTime?,
  ReminderMinutesBeforeStart?, DisplayCc=string?, DisplayTo=string?, DisplayBcc=string?, HasAttachments=boolean?, ExtendedProperty*,
  Culture=language?, EffectiveRights?, LastModifiedName=string?, LastModifiedTime=dateTime?, IsAssociated=boolean?,
  WebClientReadFormQueryString=string?, WebClientEditFormQueryString=string?, ConversationId=ItemId?, UniqueBody=Body?, Flag?,
  StoreEntryId=base64Binary?, InstanceKey=base64Binary?, NormalizedBody=Body?, EntityExtractionResult?, PolicyTag=RetentionTag?,
  ArchiveTag=RetentionTag?, RetentionDate=dateTime?, Preview=string?, RightsManagementLicenseData?,
  PredictedActionReasons=NonEmptyArrayOfPredictedActionReason?, IsClutter=boolean?, BlockStatus=boolean?, HasBlockedImages=boolean?,
  TextBody=Body?, IconIndex?, SearchKey=base64Binary?, SortKey=long?, Hashtags=ArrayOfStrings?, Mentions=ArrayOfRecipients?,
  MentionedMe=boolean?, MentionsPreview?, MentionsEx=NonEmptyArrayOfMentionActions?, AppliedHashtags=NonEmptyArrayOfAppliedHashtag?,
  AppliedHashtagsPreview?, Likes=NonEmptyArrayOfLike?, LikesPreview?, PendingSocialActivityTagIds=ArrayOfStrings?, AtAllMention=boolean?,
  CanDelete=boolean?, InferenceClassification?
NonEmptyArrayOfAllItems = (Item | Message | SharingMessage | CalendarItem | Contact=ContactItem | DistributionList | MeetingMessage |
  MeetingRequest=MeetingRequestMessage | MeetingResponse=MeetingResponseMessage | MeetingCancellation=MeetingCancellationMessage | Task |
  PostItem | ReplyToItem | ForwardItem | ReplyAllToItem | AcceptItem | TentativelyAcceptItem | DeclineItem | CancelCalendarItem |
  RemoveItem | SuppressReadReceipt | PostReplyItem | AcceptSharingInvitation | RoleMember=RoleMemberItem | Network=NetworkItem |
  Person=AbchPersonItem)+
MessageDisposition : enum SaveOnly SendOnly SendAndSaveCopy
ChangeDescription = $Path
ItemChangeDescription < ChangeDescription =
AppendToItemField < ItemChangeDescription = (Item | Message | SharingMessage | CalendarItem | Contact=ContactItem | DistributionList |
  MeetingMessage | MeetingRequest=MeetingRequestMessage | MeetingResponse=MeetingResponseMessage |
  MeetingCancellation=MeetingCancellationMessage | Task | PostItem | RoleMember=RoleMemberItem | Network=NetworkItem |
  Person=AbchPersonItem)
SetItemField < ItemChangeDescription = (Item | Message | SharingMessage | CalendarItem | Contact=ContactItem | DistributionList |
  MeetingMessage | MeetingRequest=MeetingRequestMessage | MeetingResponse=MeetingResponseMessage |
  MeetingCancellation=MeetingCancellationMessage | Task | PostItem | RoleMember=RoleMemberItem | Network=NetworkItem |
  Person=AbchPersonItem)
DeleteItemField < ItemChangeDescription =
NonEmptyArrayOfItemChangeDescriptions = (AppendToItemField | SetItemField | DeleteItemField)+
ItemChange = (ItemId | OccurrenceItemId | RecurringMasterItemId), Updates=NonEmptyArrayOfItemChangeDescriptions, CalendarActivityData?
NonEmptyArrayOfItemChanges = ItemChange+
ConflictResolution : enum NeverOverwrite AutoResolve AlwaysOverwrite
Disposal : enum HardDelete SoftDelete MoveToDeletedItems
NonEmptyArrayOfRequestAttachmentIds = (AttachmentId=RequestAttachmentId)+
ArrayOfBaseItemIds = (ItemId)*
MaxSyncChangesReturned : int min 1 max 512
EmailAddress = Name=string?, Address=string, RoutingType=string?
OofState : enum Disabled Enabled Scheduled
ExternalAudience : enum None Known All
Duration = StartTime=dateTime, EndTime=dateTime
ReplyBody = Message=string? @ xml:lang=string
ArrayOfEventID = (EventToDeleteID=string)*
UserOofSettings = OofState, ExternalAudience, Duration?, InternalReply=ReplyBody?, ExternalReply=ReplyBody?,
  DeclineMeetingReply=ReplyBody?, DeclineEventsForScheduledOOF=boolean?, DeclineAllEventsForScheduledOOF=boolean?,
  CreateOOFEvent=boolean?, OOFEventSubject=string?, AutoDeclineFutureRequestsWhenOOF=boolean?, OOFEventID=string?,
  EventsToDeleteIDs=ArrayOfEventID?
IdFormat : enum EwsLegacyId EwsId EntryId HexEntryId StoreId OwaId
AlternateIdBase = @ Format=IdFormat!
AlternateId < AlternateIdBase = @ Id=string! Mailbox=NonEmptyString! IsArchive=boolean
NonEmptyArrayOfAlternateIds = (AlternateId | AlternatePublicFolderId | AlternatePublicFolderItemId)+
NonEmptyArrayOfItemIds = ItemId+
CreateAction : enum CreateNew Update UpdateOrCreate
UploadItem = ParentFolderId=FolderId, ItemId?, Data=base64Binary @ CreateAction! IsAssociated=boolean
NonEmptyArrayOfUploadItems = Item=UploadItem+
`;
