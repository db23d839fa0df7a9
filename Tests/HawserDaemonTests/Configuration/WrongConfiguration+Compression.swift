extension WrongConfiguration {
    /// The section `compression`, of the defaults and of one subscription.
    static let compression = [
        WrongConfiguration(
            "defaults: {compression: ▸off}\n",
            "defaults.compression",
            "a mapping of keys to values is expected, not text",
            allowed: "{enabled: true, threshold: 256B, memory: 64KiB}",
            remedy: "write {enabled: false}"
        ),
        WrongConfiguration(
            "defaults: {compression: ▸permessage-deflate}\n",
            "defaults.compression",
            "a mapping of keys to values is expected, not text",
            allowed: "{enabled: true, threshold: 256B, memory: 64KiB}"
        ),
        WrongConfiguration(
            "defaults: {compression: ▸[64KiB]}\n",
            "defaults.compression",
            "a mapping of keys to values is expected, not a list"
        ),
        WrongConfiguration(
            "defaults: {compression: {▸enable: true}}\n",
            "defaults.compression.enable",
            "unknown key \"enable\"",
            remedy: "did you mean \"enabled\"?"
        ),
        WrongConfiguration(
            "defaults: {compression: {▸level: 9}}\n",
            "defaults.compression.level",
            "unknown key \"level\"",
            allowed: "enabled, threshold, memory"
        ),
        WrongConfiguration(
            "defaults: {▸compress: {enabled: true}}\n",
            "defaults.compress",
            "unknown key \"compress\"",
            remedy: "did you mean \"compression\"?"
        ),
        WrongConfiguration(
            "defaults: {compression: {enabled: ▸yes}}\n",
            "defaults.compression.enabled",
            "\"yes\" is neither true nor false",
            allowed: "true, false",
            remedy: "write true"
        ),
        WrongConfiguration(
            "defaults: {compression: {threshold: ▸256}}\n",
            "defaults.compression.threshold",
            "\"256\" is not a size",
            allowed: "a whole number with a unit (B, KiB, MiB, GiB, TiB), 0B to 1GiB",
            remedy: "write 256B"
        ),
        WrongConfiguration(
            "defaults: {compression: {threshold: ▸2GiB}}\n",
            "defaults.compression.threshold",
            "\"2GiB\" is out of range",
            allowed: "0B to 1GiB"
        ),
        WrongConfiguration(
            "defaults: {compression: {threshold: ▸5MiB}}\n",
            "defaults.compression.threshold",
            "threshold 5MiB is larger than any message: limits.message_size is 4MiB",
            allowed: "threshold at most limits.message_size",
            remedy: "lower it, or raise limits.message_size"
        ),
        WrongConfiguration(
            "limits: {message_size: 1KiB}\nsubscriptions:\n  a: {url: wss://h, compression: {threshold: ▸2KiB}}\n",
            "subscriptions.a.compression.threshold",
            "threshold 2KiB is larger than any message: limits.message_size is 1KiB",
            allowed: "threshold at most limits.message_size",
            remedy: "lower it, or raise limits.message_size"
        ),
        WrongConfiguration(
            "defaults: {compression: {threshold: 5MiB}}\nlimits: {message_size: 8MiB}\n"
                + "subscriptions: {a: {url: wss://h}, b: {url: wss://h, compression: {threshold: ▸9MiB}}}\n",
            "subscriptions.b.compression.threshold",
            "threshold 9MiB is larger than any message: limits.message_size is 8MiB",
            allowed: "threshold at most limits.message_size",
            remedy: "lower it, or raise limits.message_size"
        ),
        WrongConfiguration(
            "defaults: {compression: {memory: ▸1KiB}}\n",
            "defaults.compression.memory",
            "\"1KiB\" is out of range",
            allowed: "20KiB to 1MiB"
        ),
        WrongConfiguration(
            "defaults: {compression: {memory: ▸2MiB}}\n",
            "defaults.compression.memory",
            "\"2MiB\" is out of range",
            allowed: "20KiB to 1MiB"
        ),
        WrongConfiguration(
            "defaults: {compression: {memory: ▸64k}}\n",
            "defaults.compression.memory",
            "\"64k\" is not a size",
            allowed: "a whole number with a unit (B, KiB, MiB, GiB, TiB), 20KiB to 1MiB",
            remedy: "write 64KiB"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, compression: {memory: ▸none}}}\n",
            "subscriptions.a.compression.memory",
            "\"none\" is not a size",
            allowed: "a whole number with a unit (B, KiB, MiB, GiB, TiB), 20KiB to 1MiB"
        ),
    ]
}
