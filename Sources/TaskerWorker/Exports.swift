// A handler's file needs one import: ids, `JSONValue`, the wire messages and the logger of its context come along.
@_exported import Logging
@_exported import TaskerProtocol
