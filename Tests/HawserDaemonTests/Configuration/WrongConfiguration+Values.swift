extension WrongConfiguration {
    private static let duration = "a whole number with a unit (ms, s, m, h, d), "
    private static let size = "a whole number with a unit (B, KiB, MiB, GiB, TiB), "

    /// The limits of the process.
    static let limits = [
        WrongConfiguration(
            "limits: {connections: ▸0}\n",
            "limits.connections",
            "\"0\" is out of range",
            allowed: "1 to 1000000"
        ),
        WrongConfiguration(
            "limits: {connections: ▸many}\n",
            "limits.connections",
            "\"many\" is not a whole number",
            allowed: "1 to 1000000"
        ),
        WrongConfiguration(
            "limits: {connections: ▸99999999999999999999}\n",
            "limits.connections",
            "\"99999999999999999999\" is not a whole number",
            allowed: "1 to 1000000"
        ),
        WrongConfiguration(
            "limits: {per_host: ▸-1}\n",
            "limits.per_host",
            "\"-1\" is out of range",
            allowed: "1 to 1000000"
        ),
        WrongConfiguration(
            "limits: {message_size: ▸4194304}\n",
            "limits.message_size",
            "\"4194304\" is not a size",
            allowed: size + "256B to 1GiB",
            remedy: "write 4MiB"
        ),
        WrongConfiguration(
            "limits: {message_size: ▸4 MB}\n",
            "limits.message_size",
            "\"4 MB\" is not a size",
            allowed: size + "256B to 1GiB",
            remedy: "write 4MiB"
        ),
        WrongConfiguration(
            "limits: {message_size: ▸2TiB}\n",
            "limits.message_size",
            "\"2TiB\" is out of range",
            allowed: "256B to 1GiB"
        ),
        WrongConfiguration(
            "limits: {message_size: ▸9223372036854775807KiB}\n",
            "limits.message_size",
            "\"9223372036854775807KiB\" is not a size",
            allowed: size + "256B to 1GiB"
        ),
        WrongConfiguration(
            "limits: {message_size: ▸16MiB}\n",
            "limits.message_size",
            "one message may have 16MiB (limits.message_size), more than a sink's high watermark 8MiB",
            allowed: "limits.message_size at most watermarks.high",
            remedy: "raise the watermark, or lower limits.message_size"
        ),
        WrongConfiguration(
            "limits: {fragments: ▸0}\n",
            "limits.fragments",
            "\"0\" is out of range",
            allowed: "1 to 1000000000"
        ),
        WrongConfiguration("loops: ▸65\n", "loops", "\"65\" is out of range", allowed: "1 to 64"),
        WrongConfiguration("state: ▸\"\"\n", "state", "the path is empty", remedy: "name a file"),
        WrongConfiguration(
            "state: ▸~/hawser\n",
            "state",
            "\"~/hawser\" begins with ~, which only a shell understands",
            remedy: "write ${env:HOME}/hawser"
        ),
        WrongConfiguration(
            "shutdown: {drain: ▸7}\n",
            "shutdown.drain",
            "\"7\" is not a duration",
            allowed: duration + "0s to 10m",
            remedy: "write 7s"
        ),
        WrongConfiguration(
            "log: {level: ▸verbose}\n",
            "log.level",
            "unknown value \"verbose\"",
            allowed: "trace, debug, info, notice, warning, error, critical"
        ),
        WrongConfiguration(
            "log: {level: ▸warn}\n",
            "log.level",
            "unknown value \"warn\"",
            allowed: "trace, debug, info, notice, warning, error, critical",
            remedy: "did you mean \"warning\"?"
        ),
        WrongConfiguration(
            "log: {level: ▸inof}\n",
            "log.level",
            "unknown value \"inof\"",
            allowed: "trace, debug, info, notice, warning, error, critical",
            remedy: "did you mean \"info\"?"
        ),
        WrongConfiguration(
            "log: {format: ▸jsno}\n",
            "log.format",
            "unknown value \"jsno\"",
            allowed: "auto, text, json, journald",
            remedy: "did you mean \"json\"?"
        ),
    ]

    /// The settings of each session.
    static let settings = [
        WrongConfiguration(
            "defaults: {timeouts: {dns: ▸3}}\n",
            "defaults.timeouts.dns",
            "\"3\" is not a duration",
            allowed: duration + "10ms to 5m",
            remedy: "write 3s"
        ),
        WrongConfiguration(
            "defaults: {timeouts: {dns: ▸0s}}\n",
            "defaults.timeouts.dns",
            "\"0s\" is out of range",
            allowed: "10ms to 5m"
        ),
        WrongConfiguration(
            "defaults: {timeouts: {tls: ▸20s}}\n",
            "defaults.timeouts.tls",
            "tls 20s can never pass: the whole dial has 10s",
            allowed: "at most 10s",
            remedy: "lower it, or raise timeouts.dial"
        ),
        WrongConfiguration(
            "defaults: {timeouts: {close: ▸10s}}\n",
            "defaults.timeouts.close",
            "\"10s\" is out of range",
            allowed: "10ms to 3s"
        ),
        WrongConfiguration(
            "defaults: {ping: {every: ▸1.5s}}\n",
            "defaults.ping.every",
            "\"1.5s\" is not a duration",
            allowed: duration + "100ms to 1d",
            remedy: "write 1500ms"
        ),
        WrongConfiguration(
            "defaults: {ping: {every: ▸20 sec}}\n",
            "defaults.ping.every",
            "\"20 sec\" is not a duration",
            allowed: duration + "100ms to 1d",
            remedy: "write 20s"
        ),
        WrongConfiguration(
            "defaults: {ping: {timeout: ▸10ms}}\n",
            "defaults.ping.timeout",
            "\"10ms\" is out of range",
            allowed: "100ms to 1h"
        ),
        WrongConfiguration(
            "defaults: {ping: ▸false}\n",
            "defaults.ping",
            "unknown value \"false\"",
            allowed: "off, or {every: 20s, timeout: 10s}",
            remedy: "write off"
        ),
        WrongConfiguration(
            "defaults: {ping: ▸[20s]}\n",
            "defaults.ping",
            "off, or {every: 20s, timeout: 10s}, is expected, not a list"
        ),
        WrongConfiguration(
            "defaults: {reconnect: {first: ▸1m}}\n",
            "defaults.reconnect.first",
            "first 1m is longer than max 30s",
            allowed: "first at most max",
            remedy: "lower first, or raise max"
        ),
        WrongConfiguration(
            "defaults: {reconnect: {floor: ▸40s}}\n",
            "defaults.reconnect.floor",
            "floor 40s is longer than max 30s",
            allowed: "floor at most max",
            remedy: "lower floor, or raise max"
        ),
        WrongConfiguration(
            "defaults: {reconnect: {factor: ▸0.5}}\n",
            "defaults.reconnect.factor",
            "\"0.5\" is out of range",
            allowed: "1 to 100"
        ),
        WrongConfiguration(
            "defaults: {reconnect: {factor: ▸nan}}\n",
            "defaults.reconnect.factor",
            "\"nan\" is not a number",
            allowed: "1 to 100"
        ),
        WrongConfiguration(
            "defaults: {reconnect: {jitter: ▸25}}\n",
            "defaults.reconnect.jitter",
            "\"25\" is out of range",
            allowed: "full, none, or a fraction from 0 to 1 such as 0.25",
            remedy: "for 25 percent write 0.25"
        ),
        WrongConfiguration(
            "defaults: {reconnect: {jitter: ▸ful}}\n",
            "defaults.reconnect.jitter",
            "unknown value \"ful\"",
            allowed: "full, none, or a fraction from 0 to 1 such as 0.25",
            remedy: "did you mean \"full\"?"
        ),
        WrongConfiguration(
            "defaults: {tls: {verify: ▸no}}\n",
            "defaults.tls.verify",
            "\"no\" is neither true nor false",
            allowed: "true, false",
            remedy: "write false"
        ),
        WrongConfiguration(
            "defaults: {tls: {minimum: ▸1.1}}\n",
            "defaults.tls.minimum",
            "unknown value \"1.1\"",
            allowed: "1.2, 1.3",
            remedy: "did you mean \"1.2\"?"
        ),
        WrongConfiguration(
            "defaults: {tls: {key: ▸/etc/key.pem}}\n",
            "defaults.tls.key",
            "a key without a certificate",
            remedy: "name the certificate's file with \"cert\""
        ),
        WrongConfiguration(
            "defaults: {overflow: ▸block}\n",
            "defaults.overflow",
            "unknown value \"block\"",
            allowed: "pause"
        ),
        WrongConfiguration(
            "defaults: {pause_max: ▸forever}\n",
            "defaults.pause_max",
            "\"forever\" is not a duration",
            allowed: duration + "100ms to 1d"
        ),
        WrongConfiguration(
            "defaults: {decode: ▸jason}\n",
            "defaults.decode",
            "unknown value \"jason\"",
            allowed: "text, json",
            remedy: "did you mean \"json\"?"
        ),
        WrongConfiguration(
            "defaults: {reconnect: {max: 10s}}\nsubscriptions:\n  a: {url: wss://h, reconnect: {first: ▸20s}}\n",
            "subscriptions.a.reconnect.first",
            "first 20s is longer than max 10s",
            allowed: "first at most max",
            remedy: "lower first, or raise max"
        ),
    ]

    /// Where records go.
    static let sinks = [
        WrongConfiguration(
            "sinks:\n  ▸Archive: {stdout: {}}\n",
            "sinks.Archive",
            "\"Archive\" cannot be a name",
            allowed: "1 to 64 of a-z, 0-9, _ and -",
            remedy: "write \"archive\""
        ),
        WrongConfiguration(
            "sinks: {screen: ▸stdout}\n",
            "sinks.screen",
            "a mapping of keys to values is expected, not text",
            remedy: "write {stdout: {}}"
        ),
        WrongConfiguration(
            "sinks: {▸a: {}}\n",
            "sinks.a",
            "the sink does not say where its records go",
            allowed: "file, stdout",
            remedy: "add \"file: {path: /PATH}\" or \"stdout: {}\""
        ),
        WrongConfiguration(
            "sinks: {a: {▸kafka: {}}}\n",
            "sinks.a.kafka",
            "unknown key \"kafka\"",
            allowed: "file, stdout, watermarks"
        ),
        WrongConfiguration(
            "sinks: {a: {file: {path: /a}, stdout: ▸{}}}\n",
            "sinks.a.stdout",
            "a sink is a file or stdout, not both",
            allowed: "file, stdout",
            remedy: "make two sinks of it"
        ),
        WrongConfiguration(
            "sinks: {a: {file: ▸/a}}\n",
            "sinks.a.file",
            "a mapping of keys to values is expected, not text",
            remedy: "write {path: /a}"
        ),
        WrongConfiguration(
            "sinks: {a: {file: ▸{fsync: never}}}\n",
            "sinks.a.file",
            "the file has no path",
            remedy: "add \"path: /var/lib/hawser/NAME.jsonl\""
        ),
        WrongConfiguration(
            "sinks: {a: {file: {path: ▸/var/lib/}}}\n",
            "sinks.a.file.path",
            "the path ends in a slash: it names a directory",
            remedy: "add the file's name"
        ),
        WrongConfiguration(
            "sinks: {a: {file: {path: \"/x▸\\0y\"}}}\n",
            "sinks.a.file.path",
            "the path has a control character in it",
            remedy: "remove it"
        ),
        WrongConfiguration(
            "sinks:\n  a: {file: {path: /x/y}}\n  b: {file: {path: ▸/x/.//y}}\n",
            "sinks.b.file.path",
            "the sink \"a\" already writes to this file",
            remedy: "give each sink a file of its own, or keep one of them: a sink takes any number of subscriptions"
        ),
        WrongConfiguration(
            "sinks:\n  a: {stdout: {}}\n  b: {stdout: ▸{}}\n",
            "sinks.b.stdout",
            "the sink \"a\" already writes to standard output",
            remedy: "keep one of them: a sink takes any number of subscriptions"
        ),
        WrongConfiguration(
            "sinks: {a: {file: {path: /a, rotate: ▸{keep: 3}}}}\n",
            "sinks.a.file.rotate",
            "the file would never be rotated",
            remedy: "add \"size: 256MiB\", \"every: 1d\" or both, or remove \"rotate\""
        ),
        WrongConfiguration(
            "sinks: {a: {file: {path: /a, rotate: {every: ▸daily}}}}\n",
            "sinks.a.file.rotate.every",
            "\"daily\" is not a duration",
            allowed: duration + "1s to 366d"
        ),
        WrongConfiguration(
            "sinks: {a: {file: {path: /a, rotate: {size: 1MiB, compress: ▸gz}}}}\n",
            "sinks.a.file.rotate.compress",
            "unknown value \"gz\"",
            allowed: "none, gzip"
        ),
        WrongConfiguration(
            "sinks: {a: {file: {path: /a, fsync: ▸always}}}\n",
            "sinks.a.file.fsync",
            "unknown value \"always\"",
            allowed: "never, batch, or {interval: 1s}"
        ),
        WrongConfiguration(
            "sinks: {a: {file: {path: /a, fsync: {interval: ▸1}}}}\n",
            "sinks.a.file.fsync.interval",
            "\"1\" is not a duration",
            allowed: duration + "10ms to 1h",
            remedy: "write 1s"
        ),
        WrongConfiguration(
            "watermarks: {high: 8MiB, low: ▸8MiB}\n",
            "watermarks.low",
            "low 8MiB is not below high 8MiB",
            allowed: "low below high",
            remedy: "lower it, or raise high"
        ),
        WrongConfiguration(
            "limits: {message_size: 64KiB}\nwatermarks: {high: ▸1MiB}\n",
            "watermarks.high",
            "low 2MiB is not below high 1MiB",
            allowed: "low below high",
            remedy: "set low too, for example to a quarter of high"
        ),
        WrongConfiguration(
            "sinks: {a: {stdout: {}, watermarks: {high: ▸3MiB}}}\n",
            "sinks.a.watermarks.high",
            "one message may have 4MiB (limits.message_size), more than a sink's high watermark 3MiB",
            allowed: "limits.message_size at most watermarks.high",
            remedy: "raise the watermark, or lower limits.message_size"
        ),
        WrongConfiguration(
            "subscriptions: {s: {url: wss://h, sinks: [a]}}\nsinks:\n  a: {stdout: {}}\n  ▸b: {file: {path: /b}}\n",
            "sinks.b",
            "nothing writes to this sink",
            remedy: "name it under the \"sinks\" of a subscription or a request, or remove it"
        ),
    ]
}
