// A handler's file needs one import.
@_exported import TaskerWorker
