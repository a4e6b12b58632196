import TaskerCommands

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

let status = await Program(host: .system()).run(Array(CommandLine.arguments.dropFirst()))
exit(status.rawValue)
