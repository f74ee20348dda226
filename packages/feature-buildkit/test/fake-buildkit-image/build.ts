import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { readBuildContext } from '@capstan/build-context'
import { BuildKitClient, openSession } from '@capstan/buildkit-client'
import { isHostError } from '@capstan/core'
import { CommandError, parseFlags } from './flags.js'

/** `buildctl build --progress=rawjson` without an output: builds in the daemon, and writes the output of steps to stderr. */
export async function build(words: readonly string[], address: string): Promise<number> {
  const { progress = [], frontend = [], local = [] } = parseFlags(words, known)
  if (progress[0] !== 'rawjson') throw new CommandError('the fake BuildKit supports only --progress=rawjson')
  if (frontend[0] !== 'dockerfile.v0')
    throw new CommandError('the fake BuildKit supports only --frontend=dockerfile.v0')
  const client = new BuildKitClient(connect({ path: address }), { endpoint: address })
  try {
    const read = async (text: string) => {
      const [name = '', directory = ''] = text.split(/=(.*)/s)
      const entries = []
      for await (const entry of readBuildContext({ directory })) entries.push(entry)
      return [name, entries] as const
    }
    const sources = Object.fromEntries(await Promise.all(local.map(read)))
    await using session = await openSession(client, { sources }, { sharedKey: '' })
    const ref = randomUUID()
    const writing = writeLogs(client, ref)
    const request = { Ref: ref, Session: session.id, Frontend: 'dockerfile.v0' }
    await client.solve(request).finally(() => writing)
    return 0
  } catch (error) {
    if (!isHostError(error, 'OPERATION_FAILED')) throw error
    throw new CommandError(`failed to solve: ${error.facts.reason}`)
  } finally {
    client.close()
  }
}

async function writeLogs(client: BuildKitClient, ref: string): Promise<void> {
  for await (const { logs } of client.status(ref)) {
    for (const { vertex, stream, msg } of logs) {
      const log = { vertex, stream: Number(stream), data: Buffer.from(msg).toString('base64') }
      process.stderr.write(`${JSON.stringify({ logs: [log] })}\n`)
    }
  }
}

const known = { progress: 'string', frontend: 'string', local: 'string' } as const
