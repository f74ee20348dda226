import { Transform } from 'node:stream'
import type { Input } from './io.js'

/**
 * Passes on a terminal's input until the user types the detach keys.
 *
 * A beginning of the keys is passed on when another key follows it, as docker does. After the keys the input is paused and never
 * ends, since the end of the input would end the process.
 */
export class DetachableInput extends Transform implements Disposable {
  /** Aborts when the user has typed the keys. */
  readonly detached: AbortSignal
  readonly #detaching = new AbortController()
  readonly #source: Input
  readonly #keys: Uint8Array
  #matched = 0

  /** `keys`: the bytes of the keys; without any, all input is passed on. */
  constructor(source: Input, keys: Uint8Array) {
    super()
    this.detached = this.#detaching.signal
    this.#source = source
    this.#keys = keys
    source.pipe(this)
    source.once('error', this.#onError)
  }

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    const passed: number[] = []
    for (const byte of chunk) {
      if (this.#keys[this.#matched] === byte) this.#matched += 1
      else {
        passed.push(...this.#keys.subarray(0, this.#matched))
        this.#matched = this.#keys[0] === byte ? 1 : 0
        if (this.#matched === 0) passed.push(byte)
      }
      if (this.#matched === this.#keys.length && this.#matched > 0) {
        this.push(Buffer.from(passed))
        this.#source.unpipe(this)
        this.#detaching.abort()
        return
      }
    }
    this.push(Buffer.from(passed))
    done()
  }

  [Symbol.dispose](): void {
    this.#source.unpipe(this).off('error', this.#onError)
    this.#source.pause()
  }

  readonly #onError = (error: Error): void => void this.destroy(error)
}

/** Settles with a session, or resolves with `detached` as soon as the user has typed the keys. The session is then ignored. */
export async function untilDetached<T>(
  session: Promise<T>,
  input: DetachableInput | undefined,
): Promise<T | 'detached'> {
  if (input === undefined) return await session
  const { detached } = input
  const leaving = new Promise<'detached'>((resolve) => {
    detached.addEventListener('abort', () => resolve('detached'), { once: true })
  })
  session.catch(() => undefined)
  return await Promise.race([session, leaving])
}
