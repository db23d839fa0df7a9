import ArgumentParser
import HawserDaemon

/// Where `hawser logs` reads.
struct LogSourceOptions: ParsableArguments {
    @Option(
        name: .customLong("file"),
        help: "A log file, also compressed with gzip; - for standard input. May be repeated, or be a pattern in quotes."
    )
    var files: [String] = []

    @Option(name: .shortAndLong, help: "The unit in the journal, hawser unless given; patterns such as 'hawser@*' too.")
    var unit: String?

    @Option(name: [.customShort("M"), .long], help: "The journal of this container.")
    var machine: String?

    @Option(help: "The journal in this directory.")
    var directory: String?

    func apply(to options: inout LogsOptions) throws {
        guard files.isEmpty else {
            guard unit == nil, machine == nil, directory == nil else {
                throw ValidationError("--unit, --machine and --directory are for the journal, not for --file")
            }
            options.source = .files(files)
            return
        }
        guard machine == nil || directory == nil else {
            throw ValidationError("of --machine and --directory there can be one")
        }
        var selection = JournalSelection()
        if let unit { selection.unit = unit }
        selection.machine = machine
        selection.directory = directory
        options.source = .journal(selection)
    }
}
