import Glibc

enum SystemError {
    static func text(_ code: Int32) -> String {
        // glibc keeps the text per thread.
        strerror(code).map { String(cString: $0) } ?? "system error \(code)"
    }
}
