import { Code, createClient } from '@connectrpc/connect'
import { describe, expect, it, vi } from 'vitest'
import { Auth } from '../../src/generated/auth_pb.js'
import { FileSend } from '../../src/generated/filesync_pb.js'
import { Health } from '../../src/generated/health_pb.js'
import { Secrets } from '../../src/generated/secrets_pb.js'
import { openTestSession } from '../support/session-daemon.js'

describe('openSession', () => {
  it('announces its id, its key and one header field for each method', async () => {
    const { session, caller } = await openTestSession({ secrets: {} })
    const fields = caller.rawHeaders.flatMap((name, index, all) => (index % 2 === 0 ? [[name, all[index + 1]]] : []))
    expect(fields.filter(([name]) => name?.startsWith('x-docker-expose-session'))).toEqual([
      ['x-docker-expose-session-uuid', session.id],
      ['x-docker-expose-session-sharedkey', 'key'],
      ['x-docker-expose-session-grpc-method', '/grpc.health.v1.Health/Check'],
      ['x-docker-expose-session-grpc-method', '/moby.filesync.v1.FileSync/DiffCopy'],
      ['x-docker-expose-session-grpc-method', '/moby.buildkit.secrets.v1.Secrets/GetSecret'],
    ])
    await session.close()
  })

  it('answers health checks with SERVING', async () => {
    const { session, caller } = await openTestSession({})
    expect(await createClient(Health, caller.transport).check({})).toMatchObject({ status: 1 })
    await session.close()
  })

  it('answers UNIMPLEMENTED for a service that is not given', async () => {
    const { session, caller } = await openTestSession({})
    const call = createClient(Auth, caller.transport).credentials({ Host: 'registry.example' })
    await expect(call).rejects.toMatchObject({ code: Code.Unimplemented })
    await session.close()
  })

  it('sends secrets of texts and bytes, and NOT_FOUND for an unknown id', async () => {
    const { session, caller } = await openTestSession({ secrets: { text: 'söme', bytes: Uint8Array.of(0, 255) } })
    const secrets = createClient(Secrets, caller.transport)
    expect(Buffer.from((await secrets.getSecret({ ID: 'text' })).data).toString()).toBe('söme')
    expect([...(await secrets.getSecret({ ID: 'bytes' })).data]).toEqual([0, 255])
    await expect(secrets.getSecret({ ID: 'constructor' })).rejects.toMatchObject({ code: Code.NotFound })
    await session.close()
  })

  it('sends the credentials of a host, and empty ones for anonymous access', async () => {
    const credentials = async (host: string) =>
      host === 'registry.example' ? { username: 'me', password: 'secret' } : undefined
    const { session, caller } = await openTestSession({ credentials })
    const auth = createClient(Auth, caller.transport)
    expect(await auth.credentials({ Host: 'registry.example' })).toMatchObject({ Username: 'me', Secret: 'secret' })
    expect(await auth.credentials({ Host: 'other.example' })).toMatchObject({ Username: '', Secret: '' })
    await session.close()
  })

  it('sends a registry token as an authority of tokens, which it is for no other host', async () => {
    const hosts: string[] = []
    const credentials = async (host: string) => {
      hosts.push(host)
      if (host === 'identity.example') return { identityToken: 'identity' }
      return host === 'registry.example' ? { registryToken: 'token' } : { username: 'me', password: 'secret' }
    }
    const { session, caller } = await openTestSession({ credentials })
    const auth = createClient(Auth, caller.transport)
    expect((await auth.getTokenAuthority({ Host: 'registry.example' })).PublicKey).toHaveLength(32)
    expect(await auth.fetchToken({ Host: 'registry.example' })).toMatchObject({ Token: 'token' })
    expect(await auth.credentials({ Host: 'registry.example' })).toMatchObject({ Username: '', Secret: '' })
    expect(await auth.credentials({ Host: 'identity.example' })).toMatchObject({ Username: '', Secret: 'identity' })
    const other = auth.getTokenAuthority({ Host: 'other.example' })
    await expect(other).rejects.toMatchObject({ code: Code.Unimplemented })
    expect(await auth.credentials({ Host: 'other.example' })).toMatchObject({ Username: 'me', Secret: 'secret' })
    expect(hosts.filter((host) => host === 'other.example')).toHaveLength(1)
    await session.close()
  })

  it('keeps the error of the credentials as its failure', async () => {
    const failure = new Error('the helper is missing')
    const { session, caller } = await openTestSession({ credentials: () => Promise.reject(failure) })
    const call = createClient(Auth, caller.transport).credentials({ Host: 'registry.example' })
    await expect(call).rejects.toMatchObject({ rawMessage: 'the helper is missing' })
    expect(session.failure).toBe(failure)
    await session.close()
  })

  it('passes an exported archive on, and ends the call after it was delivered', async () => {
    let deliver = () => {}
    const delivered = new Promise<void>((resolve) => {
      deliver = resolve
    })
    const received: number[] = []
    const output = async (archive: AsyncIterable<Uint8Array>) => {
      for await (const block of archive) received.push(block.length)
      await delivered
    }
    const { session, caller } = await openTestSession({ output })
    const ended = vi.fn()
    const sending = sendArchive(caller, [3, 100_000]).then(ended)
    await expect.poll(() => received).toEqual([3, 100_000])
    expect(ended).not.toHaveBeenCalled()
    deliver()
    await sending
    await session.close()
  })

  it('fails the export with the error of the output, and keeps it as its failure', async () => {
    const failure = new Error('no space left')
    const { session, caller } = await openTestSession({ output: () => Promise.reject(failure) })
    await expect(sendArchive(caller, [10])).rejects.toMatchObject({ rawMessage: 'no space left' })
    expect(session.failure).toBe(failure)
    await session.close()
  })

  it('ends when it is closed, and the connection stays usable', async () => {
    const { client, session, caller } = await openTestSession({})
    await session.close()
    await session.close()
    await session.ended
    await caller.connection.ended
    expect(client.isClosed).toBe(false)
    client.close()
  })

  it('ends when the signal aborts', async () => {
    const controller = new AbortController()
    const { session } = await openTestSession({}, { signal: controller.signal })
    controller.abort()
    await session.ended
  })

  it('ends when the connection ends', async () => {
    const { client, session } = await openTestSession({})
    client.close()
    await session.ended
  })

  it('rejects with CONNECTION_LOST when the connection has ended', async () => {
    const { client, session } = await openTestSession({})
    client.close()
    await session.ended
    await expect(client.openSession({})).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })
})

async function sendArchive({ transport }: Awaited<ReturnType<typeof openTestSession>>['caller'], sizes: number[]) {
  async function* send() {
    for (const size of sizes) yield { data: new Uint8Array(size) }
  }
  for await (const _ of createClient(FileSend, transport).diffCopy(send()));
}
