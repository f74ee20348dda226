import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { untilAborted } from '@capstan/core/plugin'
import type { MemoryProcess, MemoryProgram } from '../memory-program.js'
import { fail, readInput, write } from './command-io.js'

/** Commands that use the network. */
export const networkCommands: Readonly<Record<string, MemoryProgram>> = { nc }

/**
 * `nc HOST PORT`, `nc -l -p PORT`, and `nc -l -p PORT -e COMMAND…`, which runs the command for each connection, with and
 * without `-k`.
 */
async function nc(process: MemoryProcess): Promise<number> {
  const { listens, port, command, operands, unknown } = parse(process.argv.slice(1))
  if (unknown !== undefined) return await fail(process, `unknown option ${unknown}`)
  try {
    if (!listens) return await exchange(process, await process.connect(operands[0] ?? '', Number(operands[1])))
    if (command !== undefined) return await serve(process, port, command)
    return await exchange(process, await accept(process, port))
  } catch (error) {
    process.signal.throwIfAborted()
    return await fail(process, error)
  }
}

/** `-w SECONDS` is accepted and has no effect. */
function parse(words: readonly string[]) {
  const at = words.indexOf('-e')
  const command = at === -1 ? undefined : words.slice(at + 1)
  const own = at === -1 ? words : words.slice(0, at)
  const listens = own.some((word) => /^-l/.test(word))
  const port = Number(own[own.indexOf('-p') + 1])
  const operands = own.filter((word, index) => !word.startsWith('-') && own[index - 1] !== '-w')
  const unknown = own.find((word) => /^-(?![lkpw]+$)/.test(word))
  return { listens, port, command, operands, unknown }
}

/** Copies data both ways until the other end closes. The end of stdin half-closes the connection. */
async function exchange(process: MemoryProcess, connection: Duplex): Promise<number> {
  // A failed write is not an error: the other end may have closed after its response.
  pipeline(readInput(process), connection).catch(() => {})
  for await (const chunk of readInput({ stdin: connection, signal: process.signal })) await write(process.stdout, chunk)
  connection.destroy()
  return 0
}

function accept(process: MemoryProcess, port: number): Promise<Duplex> {
  return untilAborted(new Promise((resolve) => process.listen(port, resolve)), process.signal)
}

/** Serves connections until a signal arrives. */
async function serve(process: MemoryProcess, port: number, command: readonly string[]): Promise<number> {
  process.listen(port, async (connection) => {
    await process.run(command, { stdin: connection, stdout: connection })
    connection.end()
  })
  return await untilAborted(new Promise<number>(() => {}), process.signal)
}
