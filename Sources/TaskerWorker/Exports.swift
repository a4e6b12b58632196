// A handler's file needs one import: ids, `JSONValue` and the wire messages come along.
@_exported import TaskerProtocol
