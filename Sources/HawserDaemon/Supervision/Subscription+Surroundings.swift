import HawserWebSocket
import NameResolution
import Transport

extension Subscription {
    /// What all subscriptions of a loop share.
    final class Surroundings: Sendable {
        let loop: EventLoop
        let resolver: NameResolver
        let semaphore: ConnectionSemaphore
        let gate: DialGate
        let tickets: TicketCounter
        /// Limits on messages of all connections with a host; nil: none.
        let sendGate: SendGate?
        let records: LoopBound<LoopRecords>
        let secrets: SecretSources
        /// What references to requests yield; nil if there are no requests.
        let credentials: CredentialStore?
        let logger: EventLogger
        /// Shared by the whole process.
        let outage: OutageJournal

        init(
            loop: EventLoop,
            resolver: NameResolver,
            semaphore: ConnectionSemaphore,
            gate: DialGate,
            tickets: TicketCounter,
            sendGate: SendGate?,
            records: LoopBound<LoopRecords>,
            secrets: SecretSources,
            credentials: CredentialStore?,
            logger: EventLogger,
            outage: OutageJournal
        ) {
            self.loop = loop
            self.resolver = resolver
            self.semaphore = semaphore
            self.gate = gate
            self.tickets = tickets
            self.sendGate = sendGate
            self.records = records
            self.secrets = secrets
            self.credentials = credentials
            self.logger = logger
            self.outage = outage
        }
    }
}
