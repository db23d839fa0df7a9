import ConnectionLifecycle
import Dispatch
import HawserWebSocket
import MonotonicTime

/// From the permission to dial to the connection: what the dial refers to is obtained and read, off the loop.
extension Subscription {
    /// Files are read off the loop: a token on a slow disk must not delay a frame.
    func startSession(_ number: Int) {
        preparing = (number, loop.now + plan.settings.timeouts.dial, nil)
        guard plan.requestReferences.isEmpty else { return obtainCredentials(number) }
        readReferences(number, CredentialStore.Answers())
    }

    /// Others may wait for the same call. It goes on if this dial's time is over, for them and for the next dial.
    private func obtainCredentials(_ number: Int) {
        preparing?.request = plan.requestReferences.first?.request?.name
        generations = [:]
        Task { [plan, refused, credentials = surroundings.credentials] in
            // Said before, but it may not have got there yet; saying it twice is harmless.
            await refuse(refused)
            do throws(CredentialFailure) {
                let answers = try await credentials?.answers(for: plan.requestReferences)
                credentialsObtained(number, answers ?? CredentialStore.Answers())
            } catch {
                failDial(number, error)
            }
        }
    }

    private func credentialsObtained(_ number: Int, _ answers: CredentialStore.Answers) {
        guard preparing?.number == number else { return }
        preparing?.request = nil
        readReferences(number, answers)
    }

    /// Without its credential nothing is dialled.
    func failDial(_ number: Int, _ failure: CredentialFailure) {
        guard preparing?.number == number else { return }
        preparing = nil
        sessionEnded(number, .notDialed(.dialFailed, fault: .credential, because: failure.description))
    }

    /// What was refused is not used again, unless another has renewed it meanwhile.
    func refuseCredentials() {
        guard !generations.isEmpty else { return }
        refused = generations
        Task { [refused] in await refuse(refused) }
    }

    private func refuse(_ values: CredentialStore.Generations) async {
        for request in await surroundings.credentials?.refused(values) ?? [] { journal.credentialRefused(request) }
    }

    private func readReferences(_ number: Int, _ answers: CredentialStore.Answers) {
        guard plan.dialReadsFiles else { return dial(number, prepare(plan, surroundings.secrets, answers)) }
        self.answers = answers
        if !isReading { readFiles() }
    }

    private func readFiles() {
        isReading = true
        DispatchQueue.global().async { [self, plan, answers, secrets = surroundings.secrets] in
            let prepared = prepare(plan, secrets, answers)
            loop.submit { self.assumeIsolated { $0.referencesRead(prepared, for: plan) } }
        }
    }

    /// Answers whichever session waits now, if it goes by the same plan: one that hung is not read again for the next.
    private func referencesRead(
        _ prepared: Result<SubscriptionPlan.Dial, DialTargetError>,
        for plan: SubscriptionPlan
    ) {
        isReading = false
        guard let number = preparing?.number else { return }
        if plan === self.plan { dial(number, prepared) } else { readFiles() }
    }

    private nonisolated func prepare(
        _ plan: SubscriptionPlan,
        _ secrets: SecretSources,
        _ answers: CredentialStore.Answers
    ) -> Result<SubscriptionPlan.Dial, DialTargetError> {
        do { return .success(try plan.dial(using: secrets, answers)) } catch { return .failure(error) }
    }

    private func dial(_ number: Int, _ prepared: Result<SubscriptionPlan.Dial, DialTargetError>) {
        preparing = nil
        switch prepared {
        case .success(let dial): connect(number, dial)
        case .failure(let error): sessionEnded(number, .notDialed(.internal, because: error.description))
        }
    }

    private func connect(_ number: Int, _ dial: SubscriptionPlan.Dial) {
        subscribeMessages = dial.subscribe
        generations = dial.generations
        var configuration = dial.configuration
        configuration.sendGate = surroundings.sendGate
        let recorder = SessionRecorder(
            outlet: surroundings.records.value.outlet(to: plan.configuration.sinks),
            subscription: index,
            session: UInt32(clamping: number),
            decodesJSON: plan.settings.decode == .json
        ) { [unowned self] edge in
            assumeIsolated { $0.sessionMoved(number, edge) }
        }
        let connection = WebSocketConnection(
            loop: loop,
            resolver: surroundings.resolver,
            url: dial.url,
            tls: plan.tls,
            configuration: configuration,
            handler: recorder
        )
        recorder.connection = connection
        self.connection = connection
        self.recorder = recorder
        journal.dialing(number, redaction: dial.redaction)
        connection.start()
    }
}
