import { AnswerFormatError } from '../answer-format-error.js'

/**
 * Parses the engine's stream format: frames of a type byte, three zero bytes, a 32-bit length and the payload.
 *
 * Synchronous, without I/O. Payloads are not copied, except with `joins`; only an incomplete header and the text of an error frame
 * are buffered. Frames and headers may be split anywhere; a split payload is passed on in pieces. `end` must be called to
 * detect an incomplete frame. https://docs.docker.com/reference/api/engine/ (attach, "stream format")
 */
export class FrameParser {
  readonly #sink: FrameSink
  readonly #joins: boolean
  /** With `joins`, the payloads of the chunk that are next to each other in it. */
  #joined: JoinedPayloads | undefined
  readonly #header = Buffer.alloc(headerBytes)
  #headerLength = 0
  #left = 0
  #source: FrameSource = 'stdout'
  /** The payload of a frame in which the engine reports an error. */
  #failure: Buffer[] | undefined

  constructor(sink: FrameSink, { joins = false }: FrameParserOptions = {}) {
    this.#sink = sink
    this.#joins = joins
  }

  /** @throws EngineStreamError for an error frame of the engine; AnswerFormatError for an invalid frame. */
  push(chunk: Buffer): void {
    try {
      let offset = 0
      while (offset < chunk.length) {
        offset = this.#left > 0 ? this.#takePayload(chunk, offset) : this.#takeHeader(chunk, offset)
      }
    } finally {
      this.#passJoined(chunk)
    }
  }

  /**
   * @throws EngineStreamError when the last frame is an incomplete error frame; AnswerFormatError when another is
   * incomplete.
   */
  end(): void {
    if (this.#failure !== undefined) throw new EngineStreamError(Buffer.concat(this.#failure).toString())
    if (this.#left === 0 && this.#headerLength === 0) return
    throw new AnswerFormatError('the stream ended within a frame', this.#header.subarray(0, this.#headerLength))
  }

  #takePayload(chunk: Buffer, offset: number): number {
    const end = Math.min(chunk.length, offset + this.#left)
    this.#left -= end - offset
    if (this.#joins && this.#failure === undefined) {
      this.#join(chunk, offset, end)
      return end
    }
    const bytes = offset === 0 && end === chunk.length ? chunk : chunk.subarray(offset, end)
    if (this.#failure !== undefined) this.#takeFailure(bytes)
    else this.#sink(this.#source, bytes, { isLast: this.#left === 0 })
    return end
  }

  /** Moves a payload to the end of those before it, over the header between them. */
  #join(chunk: Buffer, start: number, end: number): void {
    const joined = this.#joined
    if (joined?.source === this.#source) {
      chunk.copyWithin(joined.end, start, end)
      joined.end += end - start
    } else {
      this.#passJoined(chunk)
      this.#joined = { source: this.#source, start, end }
    }
  }

  #passJoined(chunk: Buffer): void {
    if (this.#joined === undefined) return
    const { source, start, end } = this.#joined
    this.#joined = undefined
    this.#sink(source, chunk.subarray(start, end), { isLast: this.#left === 0 })
  }

  #takeHeader(chunk: Buffer, offset: number): number {
    const isWhole = this.#headerLength === 0 && chunk.length - offset >= headerBytes
    if (isWhole) {
      this.#readHeader(chunk, offset)
      return offset + headerBytes
    }
    const end = Math.min(chunk.length, offset + headerBytes - this.#headerLength)
    this.#headerLength += chunk.copy(this.#header, this.#headerLength, offset, end)
    if (this.#headerLength === headerBytes) {
      this.#headerLength = 0
      this.#readHeader(this.#header, 0)
    }
    return end
  }

  #readHeader(buffer: Buffer, at: number): void {
    const type = buffer[at] ?? -1
    const length = buffer.readUInt32BE(at + 4)
    if (type > 3 || length > mostPayloadBytes || buffer[at + 1] !== 0 || buffer[at + 2] !== 0 || buffer[at + 3] !== 0) {
      throw new AnswerFormatError('the stream has an invalid frame', buffer.subarray(at, at + 500))
    }
    this.#left = length
    this.#failure = type === 3 ? [] : undefined
    // Type 0 is stdin, which an engine may echo. It is treated as stdout.
    this.#source = type === 2 ? 'stderr' : 'stdout'
    if (length === 0 && type === 3) throw new EngineStreamError('')
  }

  #takeFailure(bytes: Buffer): void {
    this.#failure?.push(bytes)
    if (this.#left === 0) throw new EngineStreamError(Buffer.concat(this.#failure ?? []).toString())
  }
}

/** The error that an engine reports within a stream. Becomes OPERATION_FAILED with its text. */
export class EngineStreamError extends Error {
  constructor(text: string) {
    super(text.trim() === '' ? 'the engine ended the stream without a reason' : text.trim())
  }
}

/** Options of `FrameParser`. */
export interface FrameParserOptions {
  /**
   * Passes the payloads of successive frames of one source in a chunk as one piece, for readers that do not need the borders.
   * They are moved together in the chunk, which takes less time than passing each one. Default false.
   */
  readonly joins?: boolean
}

interface JoinedPayloads {
  readonly source: FrameSource
  readonly start: number
  end: number
}

/** Receives a piece of a frame. */
export type FrameSink = (source: FrameSource, bytes: Buffer, piece: FramePiece) => void
export interface FramePiece {
  /** Whether this is the last piece of the frame. */
  readonly isLast: boolean
}
export type FrameSource = 'stdout' | 'stderr'

const headerBytes = 8
const mostPayloadBytes = 16 * 1024 * 1024
