package main

// elsewhere are the faults that tests of one package prove. A test in this
// package sees to it that each of them exists.
var elsewhere = []proof{
	{"F02", "the poller stops dead at every edge, and another goes on", "./ingest", []string{"TestStopAtEveryEdge", "TestStoppedWhileMoving", "TestCrashBetweenCopyAndExpungeCopiesOnce"}},
	{"F02", "the mailer stops dead at every edge", "./mailer", []string{"TestCrashAtEveryEdge", "TestCommitUnknown", "TestCommitFails"}},
	{"F04", "no room for large mail, and room again", "./ingest", []string{"TestDiskFull", "TestNoPlaceForLargeMail"}},
	{"F07", "every connection to the database is cut", "./ingest", []string{"TestDatabaseConnectionsDropped"}},
	{"F07", "the database freezes while it is asked", "./migrations", []string{"TestAFrozenServerFreesItsCallers", "TestAFrozenTransactionIsEnded"}},
	{"F07", "the database is away when a sending is to be recorded", "./mailer", []string{"TestDatabaseAway"}},
	{"F08", "the connection breaks within a mail", "./ingest", []string{"TestConnectionDroppedWithinABody", "TestLargeBodyCutOffIsNeverStored", "TestBrokenConnectionsLeaveNothingBehind"}},
	{"F09", "the server falls silent within a mail", "./ingest", []string{"TestServerFallsSilentWithinFetch", "TestIdleThatIsNeverAnswered", "TestSilentIdleIsOnlyAHint"}},
	{"F10", "the server drips", "./ingest", []string{"TestServerDrips"}},
	{"F11", "the server can not MOVE, or refuses, or loses the folder", "./ingest", []string{"TestMovingOnPoorServers", "TestRefusedCopyDeletesNothing", "TestProcessedFolderDeletedMeanwhile"}},
	{"F12", "the folder is numbered anew", "./ingest", []string{"TestFolderNumberedAnew", "TestServerRebuilt"}},
	{"F14", "messages vanish in the middle of a look", "./ingest", []string{"TestVanishedMeanwhile", "TestByeThenOKIsNotAnEmptyFolder"}},
	{"F15", "a placeholder comes first, or a message that is not ready", "./ingest", []string{"TestPlaceholderIsAskedForAgain", "TestPlaceholderForGoodIsKept", "TestMessageThatIsNotReadyYet"}},
	{"F16", "tokens end, or are refused; the token endpoint fails", "./ingest", []string{"TestTokenIsRenewedBeforeItEnds", "TestTokenFailuresInPlainWords", "TestXOAuth2AgainstDovecot"}},
	{"F16", "tokens end while mail is sent", "./mailer", []string{"TestTokenExpires", "TestTokenIsKept"}},
	{"F17", "wrong and expired certificates; STARTTLS tampered with or stripped", "./ingest", []string{"TestEncryptionFailuresInPlainWords", "TestExpiredCertificate", "TestTamperedSTARTTLS"}},
	{"F17", "the same while mail is sent; no credentials in the clear", "./mailer", []string{"TestNoCredentialsInClear"}},
	{"F18", "the answer to DATA is lost", "./mailer", []string{"TestUncertainStays", "TestFates"}},
	{"F19", "421, 432, 5xx; too many a minute; given up in the end", "./mailer", []string{"TestOutcomes", "TestMailboxTrouble", "TestGivesUp", "TestLimitsAnnounced"}},
	{"F20", "a mail that makes the parser panic or hang", "./ingest", []string{"TestMailThatPanicsCostsOnlyItself", "TestMailThatHangsCostsOnlyItself"}},
	{"F21", "the holder of a lease is silent, then comes back", "./mailer", []string{"TestLeaseLost", "TestTwoMailers"}},
	{"F21", "a second node takes a mailbox over", "./ingest", []string{"TestSecondNodeTakesOver"}},
	{"F24", "a schema newer than the program; several starts at once", "./migrations", []string{"TestNewerSchemaIsRefused", "TestSeveralProcessesMayOpenAtOnce"}},
}
