// A test's file needs one import beside Testing.
@_exported import TaskerWorker
