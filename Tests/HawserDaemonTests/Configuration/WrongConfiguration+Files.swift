extension WrongConfiguration {
    /// What is not YAML, or not one document of it.
    static let syntax = [
        WrongConfiguration(
            "limits:\n▸\tconnections: 3\n",
            "",
            "a tab where indentation is expected",
            remedy: "indent with spaces"
        ),
        WrongConfiguration(
            "state: ▸@home\n",
            "",
            "\"@\" cannot begin a value",
            remedy: "put the text in quotes"
        ),
        WrongConfiguration(
            "limits: ▸[1, 2\n",
            "",
            "this \"[\" is never closed",
            remedy: "separate items by \",\" and end the list with \"]\""
        ),
        WrongConfiguration(
            "limits: ▸{connections: 1\nloops: 1\n",
            "",
            "this \"{\" is never closed",
            remedy: "separate entries by \",\" and end the mapping with \"}\""
        ),
        WrongConfiguration(
            "state: ▸\"/var/lib\nloops: 1\n",
            "",
            "this quote is never closed",
            remedy: "add the closing quote"
        ),
        WrongConfiguration(
            "state: /a▸: b\n",
            "",
            "a \":\" where no key can stand",
            remedy: "indent keys of one mapping alike, and put text that contains \": \" in quotes"
        ),
        WrongConfiguration(
            "subscriptions:\n  a:\n    sinks:\n      - x\n      ▸y: 1\n",
            "",
            "a list item is expected here",
            remedy: "begin each item with \"- \", all indented alike"
        ),
        WrongConfiguration(
            "loops: 1\n▸---\nloops: 2\n",
            "",
            "a second document begins here",
            remedy: "a configuration is one document: remove the line \"---\""
        ),
        WrongConfiguration(
            "state: ▸*home\n",
            "",
            "this alias refers to nothing",
            remedy: "define it before, with &name; put text that begins with * in quotes"
        ),
        WrongConfiguration(
            "state: \"▸\\q\"\n",
            "",
            "an escape that YAML does not know",
            remedy: "write a backslash in double quotes as \"\\\\\", or use single quotes"
        ),
        WrongConfiguration(
            "subscriptions:\n  a: {url: wss://h, headers: {X: ▸${env:TOKEN}}}\n",
            "",
            "a reference within brackets or braces needs quotes",
            remedy: "put the whole text in quotes: \"… ${env:NAME} …\""
        ),
        WrongConfiguration(
            "loops: 1\nstate: /a▸\u{7}b\n",
            "",
            "control character U+0007",
            allowed: "printable text, tabs and line breaks",
            remedy: "is this a YAML file? remove the character, or write it as an escape in double quotes"
        ),
        WrongConfiguration(
            "loops: 1\nstate: \"/ä▸\u{0}b\"\n",
            "",
            "control character U+0000",
            allowed: "printable text, tabs and line breaks",
            remedy: "is this a YAML file? remove the character, or write it as an escape in double quotes"
        ),
        WrongConfiguration(
            "? ▸[a, b]\n: 1\n",
            "",
            "a key that is not plain text",
            remedy: "write keys as plain text"
        ),
        WrongConfiguration(
            "loops: ▸!python/object 1\n",
            "loops",
            "the tag \"!python/object\" means nothing here",
            remedy: "remove it"
        ),
    ]

    /// Keys and shapes.
    static let shapes = [
        WrongConfiguration(
            "▸- loops\n",
            "",
            "a mapping of settings is expected, not a list"
        ),
        WrongConfiguration(
            "▸wss://feed.example/ws\n",
            "",
            "a mapping of settings is expected, not text"
        ),
        WrongConfiguration(
            "▸subscription: {}\n",
            "subscription",
            "unknown key \"subscription\"",
            remedy: "did you mean \"subscriptions\"?"
        ),
        WrongConfiguration(
            "▸colour: red\n",
            "colour",
            "unknown key \"colour\"",
            allowed:
                "limits, loops, state, defaults, http, requests, subscriptions, sinks, watermarks, shutdown, status, log"
        ),
        WrongConfiguration(
            "limits:\n  ▸perHost: 3\n",
            "limits.perHost",
            "unknown key \"perHost\"",
            remedy: "did you mean \"per_host\"?"
        ),
        WrongConfiguration(
            "subscriptions:\n  trades:\n    url: wss://feed.example\n    ▸pnig: {every: 20s}\n",
            "subscriptions.trades.pnig",
            "unknown key \"pnig\"",
            remedy: "did you mean \"ping\"?"
        ),
        WrongConfiguration(
            "subscriptions:\n  trades:\n    url: wss://feed.example\n    ping: {▸evry: 20s}\n",
            "subscriptions.trades.ping.evry",
            "unknown key \"evry\"",
            remedy: "did you mean \"every\"?"
        ),
        WrongConfiguration(
            "defaults: {timeouts: {▸dsn: 1s}}\n",
            "defaults.timeouts.dsn",
            "unknown key \"dsn\"",
            remedy: "did you mean \"dns\"?"
        ),
        WrongConfiguration(
            "loops: 1\n▸loops: 2\n",
            "loops",
            "key \"loops\" is given twice",
            remedy: "it was first given in line 1: keep one of them"
        ),
        WrongConfiguration(
            "log:\n  level: info\n  format: text\n  ▸\"level\": debug\n",
            "log.level",
            "key \"level\" is given twice",
            remedy: "it was first given in line 2: keep one of them"
        ),
        WrongConfiguration(
            "subscriptions:\n  a: {url: wss://h}\n  b: {url: wss://h}\n  ▸a: {url: wss://h}\n",
            "subscriptions.a",
            "key \"a\" is given twice",
            remedy: "it was first given in line 2: keep one of them"
        ),
        WrongConfiguration(
            "▸<<: {loops: 1}\n",
            "<<",
            "merge keys are not supported",
            remedy: "put what subscriptions share under \"defaults\""
        ),
        WrongConfiguration("limits: ▸3\n", "limits", "a mapping of keys to values is expected, not text"),
        WrongConfiguration(
            "limits:\n  connections: ▸[1]\n",
            "limits.connections",
            "a whole number is expected, not a list",
            allowed: "1 to 1000000"
        ),
        WrongConfiguration(
            "limits:\n  connections:▸\n",
            "limits.connections",
            "a whole number is expected, not nothing",
            allowed: "1 to 1000000"
        ),
        WrongConfiguration(
            "subscriptions: ▸[wss://h]\n",
            "subscriptions",
            "a mapping of names to subscriptions is expected, not a list"
        ),
    ]

    /// Keys and words of the design that are not built yet.
    static let later = [
        WrongConfiguration(
            "status: {▸listen: none}\n",
            "status.listen",
            "\"listen\" is not supported yet",
            remedy: "remove it"
        ),
        WrongConfiguration(
            "status: {▸sokcet: none}\n",
            "status.sokcet",
            "unknown key \"sokcet\"",
            remedy: "did you mean \"socket\"?"
        ),
        WrongConfiguration(
            "status: {socket: ▸[a]}\n",
            "status.socket",
            "default, none or a path is expected, not a list"
        ),
        WrongConfiguration(
            "status: {socket: ▸/run/hawser/}\n",
            "status.socket",
            "the path names a directory",
            remedy: "name a file in it, such as hawser.sock"
        ),
        WrongConfiguration(
            "status: {socket: ▸/\(String(repeating: "s", count: 107))}\n",
            "status.socket",
            "the path is 108 bytes long",
            allowed: "at most 107 for a Unix socket"
        ),
        WrongConfiguration(
            "defaults: {follow_redirects: ▸3}\n",
            "defaults.follow_redirects",
            "following redirects is not supported yet",
            allowed: "0",
            remedy: "remove it"
        ),
        WrongConfiguration(
            "defaults: {overflow: ▸drop_oldest}\n",
            "defaults.overflow",
            "\"drop_oldest\" is not supported yet",
            allowed: "pause"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, overflow: ▸drop_newest}}\n",
            "subscriptions.a.overflow",
            "\"drop_newest\" is not supported yet",
            allowed: "pause"
        ),
        WrongConfiguration(
            "log: {format: ▸journal}\n",
            "log.format",
            "unknown value \"journal\"",
            allowed: "auto, text, json, journald",
            remedy: "did you mean \"journald\"?"
        ),
    ]
}
