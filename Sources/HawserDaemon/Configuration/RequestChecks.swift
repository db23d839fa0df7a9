/// Whether every request that is referred to is there, is made by those who refer to it, and does not need itself.
struct RequestChecks {
    let root: MappingReader
    let requests: [RequestReader.Result]
    let keeps: [(name: String, value: ConfigurationValue)]

    private var reading: ConfigurationReading { root.reading }

    /// Records what does not fit together.
    func run() {
        let called = checkNames()
        checkIdle(called)
        checkLifetimes(Set(reading.requestReferences.compactMap { $0.reference.request?.name }))
        checkCycles()
    }

    // MARK: Names

    /// - Returns: the names of the requests that dials and calls make.
    private func checkNames() -> Set<String> {
        let declared = root.value("requests")?.section?.entries.map(\.key.text) ?? []
        var called: Set<String> = []
        for (reference, position, path) in reading.requestReferences {
            guard let name = reference.request?.name else { continue }
            called.insert(name)
            if !declared.contains(name) { reportUnknown(name, declared, at: position, path) }
        }
        for (name, value) in keeps {
            called.insert(name)
            if !declared.contains(name) { reportUnknown(name, declared, at: value.position, value.path) }
        }
        for request in requests.map(\.request) where called.contains(request.name) {
            let section = root.value("requests")?.section?.value(request.name)?.section
            section?.value("sinks")?.report(
                .warning,
                problem: "\"sinks\" has no effect: answers that dials and calls need are not written down",
                remedy: "remove it"
            )
            guard !request.isIdle else { continue }
            let key = request.every == nil ? "at_start" : "every"
            section?.value(key)?.report(
                problem: "\"\(key)\" does not go with a request that dials, calls or \"keep\" make",
                remedy: "remove it, or make two requests"
            )
        }
        return called
    }

    private func reportUnknown(_ name: String, _ declared: [String], at position: SourcePosition, _ path: String) {
        let guess = Spelling.closest(to: name, among: declared)
        reading.report(
            at: position,
            path,
            problem: "there is no request \(Shown.quoted(name))",
            seen: name,
            remedy: guess.map { "did you mean \"\($0)\"?" } ?? "define it under \"requests\""
        )
    }

    private func checkIdle(_ called: Set<String>) {
        guard let section = root.value("requests")?.section else { return }
        let idle = Set(requests.map(\.request).filter { $0.isIdle && !called.contains($0.name) }.map(\.name))
        for (key, value) in section.values where idle.contains(key.text) {
            // One whose interval is wrong has its error already.
            guard value.section?.has("every") != true else { continue }
            reading.report(
                .warning,
                at: key.position,
                value.path,
                problem: "nothing makes this request: it has neither \"every\" nor \"at_start\"",
                remedy: "add \"every: 30s\" or \"at_start: true\", or refer to it by ${request:\(key.text):/pointer}; "
                    + "by hand: hawser fetch -c FILE --request \(key.text)"
            )
        }
    }

    private func checkLifetimes(_ referenced: Set<String>) {
        for request in requests.map(\.request) where !referenced.contains(request.name) {
            guard request.lifetime != .untilRefused else { continue }
            let section = root.value("requests")?.section?.value(request.name)?.section
            let key = section?.has("valid") == true ? "valid" : "expires_in"
            section?.value(key)?.report(
                .warning,
                problem: "\"\(key)\" has no effect: nothing refers to this request",
                remedy: "refer to it by ${request:\(request.name):/pointer}, or remove it"
            )
        }
    }

    // MARK: Cycles

    private func checkCycles() {
        let needs = Dictionary(
            requests.map { ($0.request.name, $0.request.requestReferences) },
            uniquingKeysWith: { first, _ in first }
        )
        var finished: Set<String> = []
        for name in needs.keys.sorted() where !finished.contains(name) {
            if let cycle = Self.cycle(from: name, needs, &finished) { return report(cycle) }
        }
    }

    /// The names along a cycle that is reached from `start`; nil if there is none. Without recursion: a chain may be
    /// as long as there are requests.
    private static func cycle(
        from start: String,
        _ needs: [String: [SecretReference]],
        _ finished: inout Set<String>
    ) -> [String]? {
        var path = [start]
        var open = [(needs[start] ?? []).compactMap { $0.request?.name }]
        while let last = open.last {
            guard let next = last.last else {
                open.removeLast()
                finished.insert(path.removeLast())
                continue
            }
            open[open.count - 1].removeLast()
            if let begin = path.firstIndex(of: next) { return Array(path[begin...]) + [next] }
            guard !finished.contains(next), let further = needs[next] else { continue }
            path.append(next)
            open.append(further.compactMap { $0.request?.name })
        }
        return nil
    }

    /// At the reference of the first of them to the second.
    private func report(_ cycle: [String]) {
        let path = "requests.\(cycle[0])."
        guard
            let place = reading.requestReferences.first(where: {
                $0.path.hasPrefix(path) && $0.reference.request?.name == cycle[1]
            })
        else { return }
        reading.report(
            at: place.position,
            place.path,
            problem: "requests need each other: \(cycle.joined(separator: " -> "))",
            seen: place.reference.description,
            remedy: "let one of them do without the others"
        )
    }
}
