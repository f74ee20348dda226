import { Transform } from 'node:stream'
import { type Argv, createHostError, type HostError } from '@capstan/core'

/**
 * Passes the output of a command on, but for words of an engine that stand alone where it would be: Docker writes there
 * why a command did not start, and tells that by nothing but its exit code. What is not that is the caller's to write.
 */
export class StartWords extends Transform {
  #words: Buffer | undefined
  #isDecided = false

  get words(): Buffer | undefined {
    return this.#words
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#isDecided) this.push(chunk)
    else this.#decide(chunk)
    done()
  }

  #decide(chunk: Buffer): void {
    const all = this.#words === undefined ? chunk : Buffer.concat([this.#words, chunk])
    this.#isDecided = all.length > mostBytes || !all.subarray(0, beginning.length).equals(beginning)
    this.#words = this.#isDecided ? undefined : all
    if (this.#isDecided) this.push(all)
  }
}

/** COMMAND_NOT_STARTED where the words say so of this command; `undefined`: they are something else. */
export function toStartError(
  words: string,
  { container, command }: { readonly container: string; readonly command: Argv },
): HostError<'COMMAND_NOT_STARTED'> | undefined {
  const { name, why = '' } = pattern.exec(words)?.groups ?? {}
  if (name === undefined || name !== command[0]) return undefined
  const exitCode = missing.test(why) ? 127 : barred.test(why) ? 126 : undefined
  if (exitCode === undefined) return undefined
  return createHostError(
    'COMMAND_NOT_STARTED',
    { id: container, command, exitCode },
    { cause: new Error(words.trim()) },
  )
}

// runc's, behind Docker's.
const beginning = Buffer.from('OCI runtime exec failed:')
const pattern = /exec: "(?<name>[^"]*)": (?<why>[^"]*)$/
const missing = /executable file not found|no such file or directory/
const barred = /permission denied|is a directory/
const mostBytes = 4096
