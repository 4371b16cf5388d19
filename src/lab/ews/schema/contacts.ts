/** Contacts, personal groups and their dictionaries. Facts in the notation of grammar.ts. */
export const contactTypes = `
ContactsView < BasePaging = @ InitialName=string FinalName=string
FileAsMapping : enum None LastCommaFirst FirstSpaceLast Company LastCommaFirstCompany CompanyLastFirst LastFirst LastFirstCompany
  CompanyLastCommaFirst LastFirstSuffix LastSpaceFirstCompany CompanyLastSpaceFirst LastSpaceFirst DisplayName FirstName
  LastFirstMiddleSuffix LastName Empty
CompleteName = Title=string?, FirstName=string?, MiddleName=string?, LastName=string?, Suffix=string?, Initials=string?, FullName=string?,
  Nickname=string?, YomiFirstName=string?, YomiLastName=string?
EmailAddressKey : enum EmailAddress1 EmailAddress2 EmailAddress3
EmailAddressDictionaryEntry = ~string @ Key=EmailAddressKey! Name=string RoutingType=string MailboxType
EmailAddressDictionary = Entry=EmailAddressDictionaryEntry+
AbchEmailAddressDictionary = #open
PhysicalAddressKey : enum Home Business Other
PhysicalAddressDictionaryEntry = Street=string?, City=string?, State=string?, CountryOrRegion=string?, PostalCode=string? @
  Key=PhysicalAddressKey!
PhysicalAddressDictionary = Entry=PhysicalAddressDictionaryEntry+
PhoneNumberKey : enum AssistantPhone BusinessFax BusinessPhone BusinessPhone2 Callback CarPhone CompanyMainPhone HomeFax HomePhone
  HomePhone2 Isdn MobilePhone OtherFax OtherTelephone Pager PrimaryPhone RadioPhone Telex TtyTddPhone BusinessMobile IPPhone Mms Msn
PhoneNumberDictionaryEntry = ~string @ Key=PhoneNumberKey!
PhoneNumberDictionary = Entry=PhoneNumberDictionaryEntry+
ContactSource : enum ActiveDirectory Store
ImAddressKey : enum ImAddress1 ImAddress2 ImAddress3
ImAddressDictionaryEntry = ~string @ Key=ImAddressKey!
ImAddressDictionary = Entry=ImAddressDictionaryEntry+
PhysicalAddressIndex : enum None Home Business Other
ContactUrlDictionary = #open
ContactItem < Item = FileAs=string?, FileAsMapping?, DisplayName=string?, GivenName=string?, Initials=string?, MiddleName=string?,
  Nickname=string?, CompleteName?, CompanyName=string?, EmailAddresses=EmailAddressDictionary?,
  AbchEmailAddresses=AbchEmailAddressDictionary?, PhysicalAddresses=PhysicalAddressDictionary?, PhoneNumbers=PhoneNumberDictionary?,
  AssistantName=string?, Birthday=dateTime?, BusinessHomePage=anyURI?, Children=ArrayOfStrings?, Companies=ArrayOfStrings?,
  ContactSource?, Department=string?, Generation=string?, ImAddresses=ImAddressDictionary?, JobTitle=string?, Manager=string?,
  Mileage=string?, OfficeLocation=string?, PostalAddressIndex=PhysicalAddressIndex?, Profession=string?, SpouseName=string?,
  Surname=string?, WeddingAnniversary=dateTime?, HasPicture=boolean?, PhoneticFullName=string?, PhoneticFirstName=string?,
  PhoneticLastName=string?, Alias=string?, Notes=string?, Photo=base64Binary?, UserSMIMECertificate=ArrayOfBinary?,
  MSExchangeCertificate=ArrayOfBinary?, DirectoryId=string?, ManagerMailbox=SingleRecipient?, DirectReports=ArrayOfRecipients?,
  AccountName=string?, IsAutoUpdateDisabled=boolean?, IsMessengerEnabled=boolean?, Comment=string?, ContactShortId=int?,
  ContactType=string?, Gender=string?, IsHidden=boolean?, ObjectId=string?, PassportId=long?, IsPrivate=boolean?, SourceId=string?,
  TrustLevel=int?, CreatedBy=string?, Urls=ContactUrlDictionary?, Cid=long?, SkypeAuthCertificate=string?, SkypeContext=string?,
  SkypeId=string?, SkypeRelationship=string?, YomiNickname=string?, XboxLiveTag=string?, InviteFree=boolean?,
  HidePresenceAndProfile=boolean?, IsPendingOutbound=boolean?, SupportGroupFeeds=boolean?, UserTileHash=string?, UnifiedInbox=boolean?,
  Mris=ArrayOfStrings?, Wlid=string?, AbchContactId=Guid?, NotInBirthdayCalendar=boolean?, ShellContactType=string?, ImMri=string?,
  PresenceTrustLevel=int?, OtherMri=string?, ProfileLastChanged=string?, MobileIMEnabled=boolean?, PartnerNetworkProfilePhotoUrl=string?,
  PartnerNetworkThumbnailPhotoUrl=string?, PersonId=string?, ConversationGuid=Guid?
RoleMemberType : enum None Passport Everyone Email Phone SkypeId ExternalId Group Guid Role Service Circle Domain Partner
RoleMemberItem < Item = DisplayName=string?, Type=RoleMemberType?, MemberId=string?
NetworkItem < Item = DomainId=int?, DomainTag=string?, UserTileUrl=string?, ProfileUrl=string?, Settings=int?, IsDefault=boolean?,
  AutoLinkError=string?, AutoLinkSuccess=string?, UserEmail=string?, ClientPublishSecret=string?, ClientToken=string?,
  ClientToken2=string?, ContactSyncError=string?, ContactSyncSuccess=string?, ErrorOffers=int?, FirstAuthErrorDates=string?,
  LastVersionSaved=int?, LastWelcomeContact=string?, Offers=int?, PsaLastChanged=dateTime?, RefreshToken2=string?,
  RefreshTokenExpiry2=string?, SessionHandle=string?, RejectedOffers=int?, SyncEnabled=boolean?, TokenRefreshLastAttempted=dateTime?,
  TokenRefreshLastCompleted=dateTime?, PsaState=string?, SourceEntryID=base64Binary?, AccountName=string?, LastSync=dateTime?
ArrayOfAbchPersonContactHandles = #open
AbchPersonItem < Item = AntiLinkInfo=string?, PersonId=Guid?, ContactHandles=ArrayOfAbchPersonContactHandles?,
  ContactCategories=ArrayOfStrings?, RelevanceOrder1=string?, RelevanceOrder2=string?, TrustLevel=int?, FavoriteOrder=int?,
  ExchangePersonIdGuid=Guid?
Phone = OriginalPhoneString=string?, PhoneString=string?, Type=string?
ArrayOfPhones = Phone*
Contact < Entity = PersonName=string?, BusinessName=string?, PhoneNumbers=ArrayOfPhones?, Urls=ArrayOfUrls?,
  EmailAddresses=ArrayOfExtractedEmailAddresses?, Addresses=ArrayOfAddresses?, ContactString=string?
MemberStatus : enum Unrecognized Normal Demoted
Member = Mailbox=EmailAddressType?, Status=MemberStatus? @ Key=string
MembersList = Member*
DistributionList < Item = DisplayName=string?, FileAs=string?, ContactSource?, Members=MembersList?
ContactsFolder < BaseFolder = SharingEffectiveRights=PermissionReadAccess?, PermissionSet?, SourceId=string?, AccountName=string?
`;
