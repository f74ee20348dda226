import { buffer } from 'node:stream/consumers'
import { packEntries } from '@capstan/build-context'
import { expect, test } from 'vitest'
import { DockerFileTransfer } from '../src/docker-file-transfer.js'
import type { FakeHandler } from './fake/fake-docker-engine.js'
import { empty, json, refusal, startScriptedEngine, stream } from './scripted-engine.js'

const id = 'c'.repeat(64)
const archivePath = `/containers/${id}/archive`
/** Go's mode bits: a set-user-ID file, a directory, a symbolic link, and a character device. */
const setUserIdBit = 2 ** 23
const directoryBit = 2 ** 31
const linkBit = 2 ** 27
const deviceBits = 2 ** 26 + 2 ** 21

test('sends the archive to the directory without its superfluous slashes, and does not replace directories', async () => {
  const { engine, seen } = await startScriptedEngine([inspected(), [`PUT ${archivePath}`, empty(200)]])
  await new DockerFileTransfer(engine).putArchive(id, '//etc/./', toBytes('tar'))
  const request = seen.at(-1)
  expect(request?.query.get('path')).toBe('/etc')
  expect(request?.query.get('noOverwriteDirNonDir')).toBe('1')
  expect(request?.body.toString()).toBe('tar')
})

test.each([
  ['PUT', 404, 'Could not find the file /x in container c', 'directory'],
  ['PUT', 500, 'extraction point is not a directory', 'directory'],
  ['GET', 404, 'Could not find the file /x in container c', 'path'],
  ['GET', 500, 'lstat /var/lib/docker/overlay2/0/merged/etc/passwd/x: not a directory', 'path'],
] as const)('translates the answer %s %i "%s" to PATH_NOT_FOUND', async (method, status, text, expected) => {
  const { engine } = await startScriptedEngine([inspected(), [`${method} ${archivePath}`, refusal(status, text)]])
  const files = new DockerFileTransfer(engine)
  const call = method === 'PUT' ? files.putArchive(id, '/x', toBytes('tar')) : files.getArchive(id, '/x')
  await expect(call).rejects.toMatchObject({ code: 'PATH_NOT_FOUND', facts: { id, path: '/x', expected } })
})

test('rejects with CONTAINER_NOT_FOUND and sends no archive when the container does not exist', async () => {
  const missing = refusal(404, `No such container: ${id}`)
  const { engine, log } = await startScriptedEngine([[`GET /containers/${id}/json`, missing]])
  const files = new DockerFileTransfer(engine)
  await expect(files.putArchive(id, '/x', toBytes('tar'))).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  expect(log().some((line) => line.includes('archive'))).toBe(false)
})

test('rejects with OPTION_UNSUPPORTED and the path for files in a tmpfs, which the engine does not see', async () => {
  const { engine, log } = await startScriptedEngine([
    inspected({ HostConfig: { Tmpfs: { '/run': '' } }, Mounts: [{ Type: 'tmpfs', Destination: '/other', RW: true }] }),
  ])
  const unsupported = { ...engine.details.unsupportedOptions[0], field: 'files.tmpfs', reason: 'a reason', remedy: 'x' }
  Object.assign(engine.details, { unsupportedOptions: [unsupported] })
  const files = new DockerFileTransfer(engine)
  for (const path of ['/run', '/run/below', '/other/below']) {
    const rejection = { code: 'OPTION_UNSUPPORTED', facts: { field: 'files.tmpfs', given: `"${path}"` } }
    await expect(files.putArchive(id, path, toBytes('tar'))).rejects.toMatchObject(rejection)
    await expect(files.getArchive(id, path)).rejects.toMatchObject(rejection)
    await expect(files.statPath(id, path)).rejects.toMatchObject(rejection)
  }
  expect(log().some((line) => /^(PUT|GET) .*archive/.test(line))).toBe(false)
})

test('finds a tmpfs through links in the path, and does not follow a link at its end that is only read', async () => {
  const links: Readonly<Record<string, string>> = { '/var/run': '/run', '/etc/alias': '/run' }
  const { engine } = await startScriptedEngine([
    inspected({ HostConfig: { Tmpfs: { '/run': '' } } }),
    [
      `HEAD ${archivePath}`,
      (reply, request) => {
        const linkTarget = links[request.query.get('path') ?? '']
        const mode = linkTarget === undefined ? directoryBit + 0o755 : linkBit + 0o777
        return statAnswer(200, { mode, linkTarget: linkTarget ?? '' })(reply, request)
      },
    ],
    [`GET ${archivePath}`, stream(['tar'])],
  ])
  const unsupported = { field: 'files.tmpfs', reason: 'a reason', remedy: 'x' }
  Object.assign(engine.details, { unsupportedOptions: [unsupported] })
  const files = new DockerFileTransfer(engine)
  const rejection = { code: 'OPTION_UNSUPPORTED', facts: { field: 'files.tmpfs' } }
  await expect(files.putArchive(id, '/var/run', toBytes('tar'))).rejects.toMatchObject(rejection)
  await expect(files.getArchive(id, '/var/run/x')).rejects.toMatchObject(rejection)
  await expect(files.putArchive(id, '/etc/alias', toBytes('tar'))).rejects.toMatchObject(rejection)
  expect((await buffer(await files.getArchive(id, '/etc/alias'))).toString()).toBe('tar')
})

test('rejects with OPERATION_FAILED for a directory on a read-only mount or root filesystem, and writes below a writable mount', async () => {
  const { engine } = await startScriptedEngine([
    inspected({
      HostConfig: { ReadonlyRootfs: true },
      Mounts: [
        { Type: 'volume', Destination: '/data', RW: true },
        { Type: 'bind', Destination: '/data/fixed', RW: false },
      ],
    }),
    [`PUT ${archivePath}`, empty(200)],
  ])
  const files = new DockerFileTransfer(engine)
  for (const path of ['/', '/etc', '/database', '/data/fixed/below']) {
    await expect(files.putArchive(id, path, toBytes('tar'))).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: `"${path}" is on a read-only filesystem` },
    })
  }
  for (const path of ['/data', '/data/other']) await files.putArchive(id, path, toBytes('tar'))
})

test('reads the kind and the mode from the bits of Go', async () => {
  const stat = async (mode: number, linkTarget = '') => {
    const { engine } = await startScriptedEngine([
      inspected(),
      [`HEAD ${archivePath}`, statAnswer(200, { mode, linkTarget })],
    ])
    return await new DockerFileTransfer(engine).statPath(id, '/x')
  }
  const modifiedAt = new Date('2001-09-09T01:46:40Z')
  const file = { type: 'file', mode: 0o4755, sizeBytes: 3, modifiedAt }
  expect(await stat(0o755 + setUserIdBit)).toEqual(file)
  expect(await stat(directoryBit + 0o711)).toMatchObject({ type: 'directory', mode: 0o711 })
  expect(await stat(linkBit + 0o777, '/etc/y')).toMatchObject({ type: 'symlink', linkTarget: '/etc/y' })
  expect(await stat(deviceBits + 0o666)).toMatchObject({ type: 'other', mode: 0o666 })
})

test('resolves statPath with undefined for a missing file, and for one below a file, whose first answer has no text', async () => {
  for (const [status, text] of [
    [404, 'Could not find the file /x in container c'],
    [500, 'lstat /var/lib/docker/overlay2/0/merged/etc/passwd/x: not a directory'],
  ] as const) {
    const { engine } = await startScriptedEngine([
      inspected(),
      [`HEAD ${archivePath}`, empty(status)],
      [`GET ${archivePath}`, refusal(status, text)],
    ])
    expect(await new DockerFileTransfer(engine).statPath(id, '/x')).toBeUndefined()
  }
})

test('rejects statPath with PROTOCOL_ERROR when the answer has no description of the file', async () => {
  const { engine } = await startScriptedEngine([inspected(), [`HEAD ${archivePath}`, empty(200)]])
  await expect(new DockerFileTransfer(engine).statPath(id, '/x')).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' })
})

test('fails with CONNECTION_LOST when the engine breaks an archive off', async () => {
  const { engine } = await startScriptedEngine([inspected(), [`GET ${archivePath}`, stream(['part'], 'cut')]])
  const archive = await new DockerFileTransfer(engine).getArchive(id, '/x')
  await expect(buffer(archive)).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
})

test('rejects with the error of the source of putArchive', async () => {
  const { engine } = await startScriptedEngine([inspected()])
  const failure = new Error('the source has failed')
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(10)
    throw failure
  }
  await expect(new DockerFileTransfer(engine).putArchive(id, '/etc', source())).rejects.toBe(failure)
})

test('on Podman checks the directory first, which Podman would create, and follows a link to one', async () => {
  const quirks = { createsArchiveDirectories: true }
  const missing = await startScriptedEngine([inspected(), [`HEAD ${archivePath}`, empty(404)]], { quirks })
  await expect(new DockerFileTransfer(missing.engine).putArchive(id, '/x', toBytes('tar'))).rejects.toMatchObject({
    code: 'PATH_NOT_FOUND',
    facts: { expected: 'directory' },
  })
  expect(missing.log().some((line) => line.startsWith('PUT'))).toBe(false)
  const link = statAnswer(200, { mode: linkBit + 0o777, linkTarget: '/y' })
  const directory = statAnswer(200, { mode: directoryBit + 0o755 })
  const linked = await startScriptedEngine(
    [
      inspected(),
      [
        `HEAD ${archivePath}`,
        (reply, request) => (request.query.get('path') === '/x' ? link : directory)(reply, request),
      ],
      [`PUT ${archivePath}`, empty(200)],
    ],
    { quirks },
  )
  await new DockerFileTransfer(linked.engine).putArchive(id, '/x', toBytes('tar'))
  expect(linked.log().at(-1)).toBe(`PUT ${archivePath}`)
})

test('on Podman reads a link from the archive of its directory, also one to a missing file', async () => {
  const entries = ['before', 'link', 'link2'].map((name) => ({
    path: `etc/${name}`,
    type: name === 'before' ? ('file' as const) : ('symlink' as const),
    mode: 0o777,
    sizeBytes: 0,
    modifiedAt: new Date(0),
    ...(name !== 'before' && { linkTarget: `${name}-target` }),
    open: () => toBytes(''),
  }))
  const tar = await buffer(packEntries(entries))
  const { engine, seen } = await startScriptedEngine(
    [
      inspected(),
      [`HEAD ${archivePath}`, statAnswer(404, { mode: linkBit + 0o777, linkTarget: '/etc/link-target' })],
      [`GET ${archivePath}`, (reply) => void reply.open().end(tar)],
    ],
    { quirks: { followsArchivedLinks: true } },
  )
  const archive = await buffer(await new DockerFileTransfer(engine).getArchive(id, '/etc/link'))
  expect(seen.at(-1)?.query.get('path')).toBe('/etc')
  expect(archive.subarray(0, 4).toString()).toBe('link')
  expect(archive.subarray(157, 168).toString()).toBe('link-target')
})

function inspected(answer: object = {}): readonly [string, FakeHandler] {
  return [`GET /containers/${id}/json`, json(200, { Id: id, Name: '/c', ...answer })]
}

function statAnswer(status: number, stat: object): FakeHandler {
  const full = { name: 'x', size: 3, mtime: '2001-09-09T01:46:40Z', linkTarget: '', ...stat }
  const header = Buffer.from(JSON.stringify(full)).toString('base64')
  return (reply) => reply.raw(status, '', { 'X-Docker-Container-Path-Stat': header })
}

async function* toBytes(text: string): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(text)
}
