import CRabbitMQ
import TaskerMessaging

extension FrameWriter {
    /// Message properties as librabbitmq encodes them; a text too long for AMQP is left out.
    func encodable(_ properties: MessageProperties) -> amqp_basic_properties_t {
        var encodable = amqp_basic_properties_t()
        var flags = AMQP_BASIC_DELIVERY_MODE_FLAG
        encodable.delivery_mode = UInt8(
            properties.isPersistent ? AMQP_DELIVERY_PERSISTENT.rawValue : AMQP_DELIVERY_NONPERSISTENT.rawValue)
        func set(_ value: String?, _ flag: Int32, _ field: WritableKeyPath<amqp_basic_properties_t, amqp_bytes_t>) {
            guard let value, value.utf8.count <= 255 else { return }
            flags |= flag
            encodable[keyPath: field] = text(value)
        }
        set(properties.contentType, AMQP_BASIC_CONTENT_TYPE_FLAG, \.content_type)
        set(properties.correlationID, AMQP_BASIC_CORRELATION_ID_FLAG, \.correlation_id)
        set(properties.replyTo, AMQP_BASIC_REPLY_TO_FLAG, \.reply_to)
        set(properties.messageID, AMQP_BASIC_MESSAGE_ID_FLAG, \.message_id)
        set(properties.type, AMQP_BASIC_TYPE_FLAG, \.type)
        set(properties.appID, AMQP_BASIC_APP_ID_FLAG, \.app_id)
        if let timestamp = properties.timestamp, timestamp >= 0 {
            flags |= AMQP_BASIC_TIMESTAMP_FLAG
            encodable.timestamp = UInt64(timestamp)
        }
        if !properties.headers.isEmpty {
            flags |= AMQP_BASIC_HEADERS_FLAG
            encodable.headers = table(properties.headers)
        }
        encodable._flags = amqp_flags_t(flags)
        return encodable
    }
}
