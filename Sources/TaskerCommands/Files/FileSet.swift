import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Files that are written all or not at all, below one directory and through no symbolic link.
public struct FileSet: Sendable {
    public struct File: Sendable, Hashable {
        /// Relative, with `/`.
        public var path: String
        public var content: String
        public var isExecutable = false
    }

    public var files: [File] = []

    public init() {}

    public mutating func add(_ path: String, _ content: String, isExecutable: Bool = false) {
        files.append(File(path: path, content: content, isExecutable: isExecutable))
    }

    /// - Parameters:
    ///   - directory: made when it is missing; absolute.
    ///   - shown: the directory as the user named it.
    /// - Throws: ``CommandError``; then nothing has changed.
    public func write(to directory: String, shown: String, force: Bool) throws {
        try check(in: directory, shown: shown, force: force)
        var made: [String] = []
        var temporary: [(from: String, to: String)] = []
        do {
            for file in files {
                let target = directory + "/" + file.path
                try makeDirectories((target as NSString).deletingLastPathComponent, &made)
                let from = target + ".tasker-\(getpid())"
                try write(file, at: from)
                temporary.append((from, target))
            }
            for (from, to) in temporary where rename(from, to) != 0 { throw failure("cannot write", to) }
        } catch {
            for (from, _) in temporary { unlink(from) }
            for path in made.reversed() { rmdir(path) }
            throw error
        }
    }

    /// Whether there already is a file; a dangling link counts.
    public static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private func check(in directory: String, shown: String, force: Bool) throws(CommandError) {
        var existing: [String] = []
        for file in files {
            let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
            guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") }),
                file.path.utf8.count < 1000
            else {
                throw .failed("'\(file.path)' is no path below the output directory")
            }
            var path = directory
            for (index, part) in parts.enumerated() {
                path += "/" + part
                var status = stat()
                guard lstat(path, &status) == 0 else { break }
                let kind = status.st_mode & S_IFMT
                if kind == S_IFLNK {
                    throw .failed(
                        "'\(path)' is a symbolic link, and files are not written through links",
                        hint: "remove it, or choose another output directory")
                }
                let isLast = index == parts.count - 1
                if isLast, kind == S_IFDIR || (!force && kind == S_IFREG) || (kind != S_IFREG) {
                    existing.append(file.path)
                }
                if !isLast, kind != S_IFDIR { throw .failed("'\(path)' is no directory") }
            }
        }
        guard existing.isEmpty else {
            let place = shown == "." ? "" : " in \(shown)"
            throw .failed(
                "\(existing.count == 1 ? "a file is" : "files are") there already\(place): \(existing.joined(separator: ", "))",
                hint: "nothing was written; --force writes over them")
        }
    }

    private func makeDirectories(_ path: String, _ made: inout [String]) throws(CommandError) {
        if Self.exists(path) || path.isEmpty { return }
        try makeDirectories((path as NSString).deletingLastPathComponent, &made)
        guard mkdir(path, 0o777) == 0 else { throw failure("cannot make the directory", path) }
        made.append(path)
    }

    private func write(_ file: File, at path: String) throws(CommandError) {
        let descriptor = open(
            path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file.isExecutable ? 0o777 : 0o666)
        guard descriptor >= 0 else { throw failure("cannot write", path) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(file.content.utf8))
        } catch {
            unlink(path)
            throw .failed("cannot write \(path): \(error.localizedDescription)")
        }
    }

    private func failure(_ what: String, _ path: String) -> CommandError {
        .failed("\(what) \(path): \(String(cString: strerror(errno)))")
    }
}
