#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the kernel says of another process: processor time and memory, from `/proc`.
struct ProcessFigures {
    /// User and system time, in seconds.
    var processorSeconds: Double
    /// Resident set, in bytes.
    var residentBytes: Int

    init?(process id: Int) {
        guard let stat = Self.read("/proc/\(id)/stat"), let statm = Self.read("/proc/\(id)/statm"),
            let close = stat.lastIndex(of: ")")
        else { return nil }
        // Fields after the name, which may hold blanks: utime and stime are the 14th and 15th of all.
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12]),
            let pages = statm.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        processorSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        residentBytes = pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
