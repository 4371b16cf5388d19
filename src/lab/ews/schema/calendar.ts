// src/lab/ews/schema/: Microsoft's schema for requests as facts, with which the lab refuses the requests that Exchange would refuse.

/** Appointments, meetings, tasks, recurrences and time zones. Facts in the notation of grammar.ts. */
export const calendarTypes = `
CalendarView < BasePaging = @ StartDate=dateTime! EndDate=dateTime!
OccurrenceItemId = @ RecurringMasterId=DerivedItemId! ChangeKey=string InstanceIndex=int!
OccurrencesRange = @ Start=dateTime End=dateTime Count=int CompareOriginalStartTime=boolean
ArrayOfOccurrenceRanges = Range=OccurrencesRange+
ReminderMessageData = ReminderText=string?, Location=string?, StartTime=dateTime?, EndTime=dateTime?, AssociatedCalendarItemId=ItemId?
LegacyFreeBusy : enum Free Tentative Busy OOF WorkingElsewhere NoData
CalendarItemTypeType : enum Single Occurrence Exception RecurringMaster
Attendee = Mailbox=EmailAddressType, ResponseType?, LastResponseTime=dateTime?, ProposedStart=dateTime?, ProposedEnd=dateTime?
NonEmptyArrayOfAttendees = Attendee+
ArrayOfInboxReminder = #open
DayOfWeek : enum Sunday Monday Tuesday Wednesday Thursday Friday Saturday Day Weekday WeekendDay
DayOfWeekIndex : enum First Second Third Fourth Last
MonthNames : enum January February March April May June July August September October November December
RelativeYearlyRecurrencePattern = DaysOfWeek=DayOfWeek, DayOfWeekIndex, Month=MonthNames
AbsoluteYearlyRecurrencePattern = DayOfMonth=int, Month=MonthNames
IntervalRecurrencePatternBase = Interval=int
RelativeMonthlyRecurrencePattern < IntervalRecurrencePatternBase = DaysOfWeek=DayOfWeek, DayOfWeekIndex
AbsoluteMonthlyRecurrencePattern < IntervalRecurrencePatternBase = DayOfMonth=int
DaysOfWeek : list DayOfWeek
WeeklyRecurrencePattern < IntervalRecurrencePatternBase = DaysOfWeek, FirstDayOfWeek=DayOfWeek?
DailyRecurrencePattern < IntervalRecurrencePatternBase =
RecurrenceRangeBase = StartDate=date
NoEndRecurrenceRange < RecurrenceRangeBase =
EndDateRecurrenceRange < RecurrenceRangeBase = EndDate=date
NumberedRecurrenceRange < RecurrenceRangeBase = NumberOfOccurrences=int
Recurrence = (RelativeYearlyRecurrence=RelativeYearlyRecurrencePattern | AbsoluteYearlyRecurrence=AbsoluteYearlyRecurrencePattern |
  RelativeMonthlyRecurrence=RelativeMonthlyRecurrencePattern | AbsoluteMonthlyRecurrence=AbsoluteMonthlyRecurrencePattern |
  WeeklyRecurrence=WeeklyRecurrencePattern | DailyRecurrence=DailyRecurrencePattern), (NoEndRecurrence=NoEndRecurrenceRange |
  EndDateRecurrence=EndDateRecurrenceRange | NumberedRecurrence=NumberedRecurrenceRange)
OccurrenceInfo = ItemId, Start=dateTime, End=dateTime, OriginalStart=dateTime
NonEmptyArrayOfOccurrenceInfo = Occurrence=OccurrenceInfo+
DeletedOccurrenceInfo = Start=dateTime
NonEmptyArrayOfDeletedOccurrences = DeletedOccurrence=DeletedOccurrenceInfo+
TimeChange = Offset=duration, ((RelativeYearlyRecurrence=RelativeYearlyRecurrencePattern | AbsoluteDate=date))?, Time=time @
  TimeZoneName=string
TimeZone = (BaseOffset=duration, (Standard=TimeChange, Daylight=TimeChange)?)? @ TimeZoneName=string
Period = @ Bias=duration Name=string Id=string
NonEmptyArrayOfPeriods = Period+
TransitionTargetKind : enum Period Group
TransitionTarget = ~string @ Kind=TransitionTargetKind!
Transition = To=TransitionTarget
AbsoluteDateTransition < Transition = DateTime=dateTime
RecurringTimeTransition < Transition = TimeOffset=duration, Month=int
RecurringDayTransition < RecurringTimeTransition = DayOfWeek, Occurrence=int
RecurringDateTransition < RecurringTimeTransition = Day=int
ArrayOfTransitions = $Transition+ @ Id=string
ArrayOfTransitionsGroups = TransitionsGroup=ArrayOfTransitions+
TimeZoneDefinition = (Periods=NonEmptyArrayOfPeriods, TransitionsGroups=ArrayOfTransitionsGroups?, Transitions=ArrayOfTransitions?)? @
  Id=string Name=string
EnhancedLocation = #open
OnlineMeetingSettings = #open
CalendarActivityData = #open
CalendarItem < Item = UID=string?, RecurrenceId=dateTime?, DateTimeStamp=dateTime?, Start=dateTime?, End=dateTime?,
  OriginalStart=dateTime?, IsAllDayEvent=boolean?, LegacyFreeBusyStatus=LegacyFreeBusy?, Location=string?, When=string?,
  IsMeeting=boolean?, IsCancelled=boolean?, IsRecurring=boolean?, MeetingRequestWasSent=boolean?, IsResponseRequested=boolean?,
  CalendarItemType=CalendarItemTypeType?, MyResponseType=ResponseType?, Organizer=SingleRecipient?,
  RequiredAttendees=NonEmptyArrayOfAttendees?, OptionalAttendees=NonEmptyArrayOfAttendees?, Resources=NonEmptyArrayOfAttendees?,
  InboxReminders=ArrayOfInboxReminder?, ConflictingMeetingCount=int?, AdjacentMeetingCount=int?,
  ConflictingMeetings=NonEmptyArrayOfAllItems?, AdjacentMeetings=NonEmptyArrayOfAllItems?, Duration=string?, TimeZone=string?,
  AppointmentReplyTime=dateTime?, AppointmentSequenceNumber=int?, AppointmentState=int?, Recurrence?, FirstOccurrence=OccurrenceInfo?,
  LastOccurrence=OccurrenceInfo?, ModifiedOccurrences=NonEmptyArrayOfOccurrenceInfo?,
  DeletedOccurrences=NonEmptyArrayOfDeletedOccurrences?, MeetingTimeZone=TimeZone?, StartTimeZone=TimeZoneDefinition?,
  EndTimeZone=TimeZoneDefinition?, ConferenceType=int?, AllowNewTimeProposal=boolean?, IsOnlineMeeting=boolean?,
  MeetingWorkspaceUrl=string?, NetShowUrl=string?, EnhancedLocation?, StartWallClock=dateTime?, EndWallClock=dateTime?,
  StartTimeZoneId=string?, EndTimeZoneId=string?, IntendedFreeBusyStatus=LegacyFreeBusy?, JoinOnlineMeetingUrl=string?,
  OnlineMeetingSettings?, IsOrganizer=boolean?, CalendarActivityData?, DoNotForwardMeeting=boolean?
MeetingMessage < Message = AssociatedCalendarItemId=ItemId?, IsDelegated=boolean?, IsOutOfDate=boolean?, HasBeenProcessed=boolean?,
  ResponseType?, UID=string?, RecurrenceId=dateTime?, DateTimeStamp=dateTime?, IsOrganizer=boolean?
MeetingRequestType : enum None FullUpdate InformationalUpdate NewMeetingRequest Outdated SilentUpdate PrincipalWantsCopy
MeetingRequestMessage < MeetingMessage = MeetingRequestType?, IntendedFreeBusyStatus=LegacyFreeBusy?, Start=dateTime?, End=dateTime?,
  OriginalStart=dateTime?, IsAllDayEvent=boolean?, LegacyFreeBusyStatus=LegacyFreeBusy?, Location=string?, When=string?,
  IsMeeting=boolean?, IsCancelled=boolean?, IsRecurring=boolean?, MeetingRequestWasSent=boolean?, CalendarItemType=CalendarItemTypeType?,
  MyResponseType=ResponseType?, Organizer=SingleRecipient?, RequiredAttendees=NonEmptyArrayOfAttendees?,
  OptionalAttendees=NonEmptyArrayOfAttendees?, Resources=NonEmptyArrayOfAttendees?, ConflictingMeetingCount=int?,
  AdjacentMeetingCount=int?, ConflictingMeetings=NonEmptyArrayOfAllItems?, AdjacentMeetings=NonEmptyArrayOfAllItems?, Duration=string?,
  TimeZone=string?, AppointmentReplyTime=dateTime?, AppointmentSequenceNumber=int?, AppointmentState=int?, Recurrence?,
  FirstOccurrence=OccurrenceInfo?, LastOccurrence=OccurrenceInfo?, ModifiedOccurrences=NonEmptyArrayOfOccurrenceInfo?,
  DeletedOccurrences=NonEmptyArrayOfDeletedOccurrences?, MeetingTimeZone=TimeZone?, StartTimeZone=TimeZoneDefinition?,
  EndTimeZone=TimeZoneDefinition?, ConferenceType=int?, AllowNewTimeProposal=boolean?, IsOnlineMeeting=boolean?,
  MeetingWorkspaceUrl=string?, NetShowUrl=string?, EnhancedLocation?, ChangeHighlights?, StartWallClock=dateTime?, EndWallClock=dateTime?,
  StartTimeZoneId=string?, EndTimeZoneId=string?, DoNotForwardMeeting=boolean?
MeetingResponseMessage < MeetingMessage = Start=dateTime?, End=dateTime?, Location=string?, Recurrence?, CalendarItemType=string?,
  ProposedStart=dateTime?, ProposedEnd=dateTime?, EnhancedLocation?
MeetingCancellationMessage < MeetingMessage = Start=dateTime?, End=dateTime?, Location=string?, Recurrence?, CalendarItemType=string?,
  EnhancedLocation?, DoNotForwardMeeting=boolean?
TaskDelegateState : enum NoMatch OwnNew Owned Accepted Declined Max
TaskRecurrence = (RelativeYearlyRecurrence=RelativeYearlyRecurrencePattern | AbsoluteYearlyRecurrence=AbsoluteYearlyRecurrencePattern |
  RelativeMonthlyRecurrence=RelativeMonthlyRecurrencePattern | AbsoluteMonthlyRecurrence=AbsoluteMonthlyRecurrencePattern |
  WeeklyRecurrence=WeeklyRecurrencePattern | DailyRecurrence=DailyRecurrencePattern | DailyRegeneration=DailyRegeneratingPattern |
  WeeklyRegeneration=WeeklyRegeneratingPattern | MonthlyRegeneration=MonthlyRegeneratingPattern |
  YearlyRegeneration=YearlyRegeneratingPattern), (NoEndRecurrence=NoEndRecurrenceRange | EndDateRecurrence=EndDateRecurrenceRange |
  NumberedRecurrence=NumberedRecurrenceRange)
TaskStatus : enum NotStarted InProgress Completed WaitingOnOthers Deferred
Task < Item = ActualWork=int?, AssignedTime=dateTime?, BillingInformation=string?, ChangeCount=int?, Companies=ArrayOfStrings?,
  CompleteDate=dateTime?, Contacts=ArrayOfStrings?, DelegationState=TaskDelegateState?, Delegator=string?, DueDate=dateTime?,
  IsAssignmentEditable=int?, IsComplete=boolean?, IsRecurring=boolean?, IsTeamTask=boolean?, Mileage=string?, Owner=string?,
  PercentComplete=double?, Recurrence=TaskRecurrence?, StartDate=dateTime?, Status=TaskStatus?, StatusDescription=string?, TotalWork=int?
MeetingRegistrationResponseObject < WellKnownResponseObject = ProposedStart=dateTime?, ProposedEnd=dateTime?
CancelCalendarItem < SmartResponse =
AddItemToMyCalendar < ResponseObject =
ReminderMinutes : int min 0 max 2629800
ReminderMarker : int min 1525252321 max 1525252321
ReminderMinutesBeforeStart : union ReminderMinutes ReminderMarker
CalendarItemCreateOrDeleteOperation : enum SendToNone SendOnlyToAll SendToAllAndSaveCopy
CalendarItemUpdateOperation : enum SendToNone SendOnlyToAll SendOnlyToChanged SendToAllAndSaveCopy SendToChangedAndSaveCopy
AffectedTaskOccurrences : enum AllOccurrences SpecifiedOccurrenceOnly
CalendarPermissionReadAccess : enum None TimeOnly TimeAndSubjectAndLocation FullDetails
CalendarPermissionLevel : enum None Owner PublishingEditor Editor PublishingAuthor Author NoneditingAuthor Reviewer Contributor
  FreeBusyTimeOnly FreeBusyTimeAndSubjectAndLocation Custom
CalendarPermission < BasePermission = ReadItems=CalendarPermissionReadAccess?, CalendarPermissionLevel
ArrayOfCalendarPermissions = (CalendarPermission)*
CalendarPermissionSet = CalendarPermissions=ArrayOfCalendarPermissions, UnknownEntries=ArrayOfUnknownEntries?
CalendarFolder < BaseFolder = SharingEffectiveRights=CalendarPermissionReadAccess?, PermissionSet=CalendarPermissionSet?
TasksFolder < Folder =
NonEmptyArrayOfTimeZoneId = Id=string+
`;
