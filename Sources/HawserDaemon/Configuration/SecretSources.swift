/// What references are resolved against: an environment and files, both handed in.
public struct SecretSources: Sendable {
    /// The most bytes that `${file:…}` and `${credential:…}` may yield.
    public static let fileLimit = 64 << 10

    /// The environment variables, as they were when the process started.
    public let environment: [String: String]
    /// How files are read.
    public let files: FileAccess
    /// What references to requests yield.
    var answers = Answers.placeholder("1")

    /// Sources made of an environment and an access to files.
    public init(environment: [String: String], files: FileAccess = .system) {
        self.environment = environment
        self.files = files
    }

    /// Where the values of references to requests come from.
    enum Answers: Sendable {
        /// No request has been made: every value is taken to be this, so that what is around it can be checked.
        case placeholder(String)
        /// The values that there are, for one dial or call.
        case values([SecretReference: Secret])
    }

    /// The same environment and files with other answers.
    func with(_ answers: Answers) -> SecretSources {
        var sources = self
        sources.answers = answers
        return sources
    }

    /// The present value of a reference.
    ///
    /// - Throws: what is missing and how to provide it; never a part of any value.
    func value(of reference: SecretReference) throws(SecretResolutionError) -> String {
        switch reference.source {
        case .env:
            if let value = environment[reference.name] { return value }
            throw SecretResolutionError(
                reference: reference,
                problem: "the environment variable \(reference.name) is not set",
                remedy: "set it before Hawser starts (in a unit: Environment= or EnvironmentFile=)"
            )
        case .file:
            return try content(of: reference, at: reference.name)
        case .credential:
            guard let directory = environment["CREDENTIALS_DIRECTORY"], !directory.isEmpty else {
                throw SecretResolutionError(
                    reference: reference,
                    problem: "there is no credentials directory",
                    remedy: "run under systemd with LoadCredential=\(reference.name):/PATH, "
                        + "or set CREDENTIALS_DIRECTORY, or use ${file:/PATH}"
                )
            }
            return try content(of: reference, at: directory + "/" + reference.name)
        case .request:
            switch answers {
            case .placeholder(let text): return text
            case .values(let values):
                if let value = values[reference] { return value.revealed }
                throw SecretResolutionError(
                    reference: reference,
                    problem: "its request has not been made",
                    remedy: "only `hawser run` makes it"
                )
            }
        }
    }

    private func content(of reference: SecretReference, at path: String) throws(SecretResolutionError) -> String {
        let bytes: [UInt8]
        switch files.read(path, Self.fileLimit) {
        case .success(let content):
            bytes = content
        case .failure(let error):
            throw SecretResolutionError(
                reference: reference,
                problem: "\(path) cannot be read: \(error.problem)",
                remedy: remedy(for: error, reference)
            )
        }
        guard var text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw SecretResolutionError(
                reference: reference,
                problem: "\(path) is not text in UTF-8",
                remedy: "store the value as text, for example in base64"
            )
        }
        if text.unicodeScalars.last == "\n" {
            text.unicodeScalars.removeLast()
            if text.unicodeScalars.last == "\r" { text.unicodeScalars.removeLast() }
        }
        return text
    }

    private func remedy(for error: FileAccessError, _ reference: SecretReference) -> String {
        switch (error, reference.source) {
        case (.notFound, .credential): "add LoadCredential=\(reference.name):/PATH to the unit"
        case (.notFound, _): "create it, or correct the path"
        case (.permissionDenied, _): "let the user that Hawser runs as read it"
        case (.tooLarge, _): "a value has at most \(SizeText.format(Self.fileLimit))"
        default: "name a regular file"
        }
    }
}

/// A reference that yields nothing now. Tells which and why, never a value.
public struct SecretResolutionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reference.
    public let reference: SecretReference
    /// What is missing.
    public let problem: String
    /// How to provide it.
    public let remedy: String
    /// Where the reference begins in its text, in Unicode scalars.
    public internal(set) var offset = 0

    init(reference: SecretReference, problem: String, remedy: String) {
        self.reference = reference
        self.problem = problem
        self.remedy = remedy
    }

    /// Both in one sentence.
    public var description: String { "\(reference): \(problem); \(remedy)" }
}
