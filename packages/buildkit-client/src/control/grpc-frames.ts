/** Splits the bytes of a gRPC stream into messages: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export class GrpcFrameReader {
  #chunks: Buffer[] = []
  #size = 0

  /**
   * Returns the messages that the chunk completes. Messages inside one chunk are not copied.
   *
   * @throws Error for a compressed message, because no compression is announced.
   */
  push(chunk: Buffer): readonly Buffer[] {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    const messages: Buffer[] = []
    for (let message = this.#take(); message !== undefined; message = this.#take()) messages.push(message)
    return messages
  }

  #take(): Buffer | undefined {
    if (this.#size < prefixBytes) return undefined
    const prefix = this.#peek(prefixBytes)
    if (prefix[0] !== 0) throw new Error('a compressed gRPC message')
    const length = prefix.readUInt32BE(1)
    if (this.#size < prefixBytes + length) return undefined
    const message = this.#peek(prefixBytes + length).subarray(prefixBytes)
    this.#skip(prefixBytes + length)
    return message
  }

  /** Returns the next bytes. Joins the chunks if the bytes are in several. */
  #peek(length: number): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && first.length >= length) return first.subarray(0, length)
    const joined = Buffer.concat(this.#chunks)
    this.#chunks = [joined]
    return joined.subarray(0, length)
  }

  #skip(length: number): void {
    const [first, ...others] = this.#chunks
    const rest = first?.subarray(length)
    this.#chunks = rest === undefined || rest.length === 0 ? others : [rest, ...others]
    this.#size -= length
  }
}

/** Returns the prefix of a message that is not compressed. */
export function toGrpcPrefix(messageBytes: number): Buffer {
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUInt32BE(messageBytes, 1)
  return prefix
}

/** Returns the prefix of a gRPC message and of its only field: bytes with the number 1, as in every `BytesMessage`. */
export function toBytesMessagePrefix(dataBytes: number): Buffer {
  const field = toBytesFieldPrefix(dataBytes)
  return Buffer.concat([toGrpcPrefix(field.length + dataBytes), field])
}

/** Returns the prefix of the only field of a `BytesMessage`. */
export function toBytesFieldPrefix(dataBytes: number): Buffer {
  return Buffer.from([bytesField1, ...toVarint(dataBytes)])
}

/** Encodes a number in base 128: https://protobuf.dev/programming-guides/encoding/#varints */
export function toVarint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...toVarint(Math.floor(value / 0x80))]
}

const prefixBytes = 5
/** Field number 1 with the wire type of bytes. */
const bytesField1 = 0x0a
