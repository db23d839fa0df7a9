/// Reads what others need out of the answer of a request.
struct AnswerReader: Sendable {
    /// What an answer lacks, for a log line; no part of the answer.
    struct Fault: Error {
        let problem: String
    }

    /// The places that anybody refers to.
    let places: [SecretReference]
    /// How long the answer is good.
    let lifetime: RequestConfiguration.Lifetime

    /// The value at each place, and how long they are good; nil: until they are refused.
    func read(_ content: [UInt8]) throws(Fault) -> (values: [SecretReference: Secret], lifetime: Duration?) {
        var values: [SecretReference: Secret] = [:]
        for reference in places {
            guard let pointer = reference.request?.pointer else { continue }
            switch pointer.value(in: content) {
            case .string(let text) where !text.isEmpty, .number(let text): values[reference] = Secret(text)
            case .string: throw Fault(problem: "its answer has an empty text at \"\(pointer.text)\"")
            case .other: throw Fault(problem: "its answer has neither text nor number at \"\(pointer.text)\"")
            case nil: throw Fault(problem: "its answer has nothing at \"\(pointer.text)\"")
            }
        }
        return (values, try readLifetime(content))
    }

    private func readLifetime(_ content: [UInt8]) throws(Fault) -> Duration? {
        switch lifetime {
        case .untilRefused:
            return nil
        case .fixed(let lifetime):
            return lifetime
        case .answer(let text):
            let number: String? =
                switch JSONPointer(text)?.value(in: content) {
                case .string(let text), .number(let text): text
                case .other, nil: nil
                }
            guard let seconds = number.flatMap(Double.init), seconds.isFinite, seconds > 0 else {
                throw Fault(problem: "its answer has no number of seconds at \"\(text)\" (expires_in)")
            }
            return .seconds(min(seconds, ConfigurationBounds.lifetime.upperBound.seconds))
        }
    }
}
