import Hummingbird
import NIOCore

/// What the routes know of a request's surroundings.
public struct APIContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// The connection that the request came over.
    let channel: any Channel

    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
