import { execManagerCapability, type FileTransfer, fileTransferCapability } from '@capstan/core'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectAnyHostError, expectHostError, expectReason } from '../assert/expect-rejection.js'
import { within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectAborts } from '../steps/abort.js'
import { type ArchiveEntry, archiveTime, readArchive, toArchive } from '../steps/archives.js'
import { createMegabyte, readAll } from '../steps/collect.js'
import { createContainer, expectPrints, runToExit, startContainer } from '../steps/containers.js'
import { readExec, startExec } from '../steps/exec.js'
import { createVolume } from '../steps/volumes.js'

export const fileCases: readonly ConformanceCase[] = defineCases(fileTransferCapability, {
  'FILE-001': {
    title: 'putArchive writes files with content, mode and links into a running container, whose programs read them',
    needs: [execManagerCapability],
    run: async (context) => {
      const id = await startSleeping(context)
      await put(context, id, '/etc', ...tree)
      for (const name of ['file', 'link', 'hard', 'alias/inner']) {
        const { stdout } = await readExec(await startExec(context, id, context.programs.read(`/etc/put/${name}`)))
        expectEqual(stdout, name === 'alias/inner' ? 'inner' : 'content', `the content of "${name}"`)
      }
      const permissions = await startExec(context, id, context.programs.permissions('/etc/put/run'))
      expectEqual((await readExec(permissions)).stdout.trim(), '4750', 'the mode of the file')
    },
  },
  'FILE-002': {
    title:
      'getArchive returns what putArchive wrote: names from the last name of the path on, kinds, modes, times and links',
    run: async (context) => {
      const id = await startSleeping(context)
      await put(context, id, '/etc', ...tree)
      const entries = await get(context, id, '/etc/put/')
      const seen = entries.map(({ name, type, mode, target }) => ({
        name,
        type,
        mode: type === 'symlink' ? 0 : mode,
        target,
      }))
      const names = seen.map(({ name }) => name)
      expectEqual(
        names.slice().sort(),
        ['put', 'put/alias', 'put/directory', 'put/directory/inner', 'put/file', 'put/hard', 'put/link', 'put/run'],
        'the names',
      )
      expectEqual(names[0], 'put', 'the name of the first entry')
      const find = (name: string) => seen.find((entry) => entry.name === `put/${name}`)
      expectEqual(
        find('directory'),
        { name: 'put/directory', type: 'directory', mode: 0o711, target: '' },
        'the directory',
      )
      expectEqual(find('link'), { name: 'put/link', type: 'symlink', mode: 0, target: 'file' }, 'the link')
      const files = entries.filter(({ name }) => name === 'put/file' || name === 'put/hard')
      const [file] = files.filter(({ type }) => type === 'file')
      expectEqual(
        [file?.mode, file?.content.toString(), file?.modifiedAt],
        [0o640, 'content', archiveTime],
        'mode, content and time of the file',
      )
      const times = entries.filter(({ name }) => name !== 'put').map(({ modifiedAt }) => modifiedAt.getTime())
      expectEqual(new Set(times).size, 1, 'the number of different times')
    },
  },
  'FILE-003': {
    title: 'a file that putArchive wrote into a created container is there when its program starts',
    requiredOptions: ['files.stopped'],
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.read('/etc/conformance-put') })
      await put(context, id, '/etc', { name: 'conformance-put', content: 'early\n' })
      const { runtime, signal } = context
      await runtime.startContainer(id, { signal })
      expectEqual(await runtime.waitContainer(id, { signal }), 0, 'the exit code')
      expectEqual(Buffer.from(await runtime.containerLogsAll(id, { signal })).toString(), 'early\n', 'the output')
    },
  },
  'FILE-004': {
    title: 'getArchive reads a file that the program of an exited container wrote',
    requiredOptions: ['files.stopped'],
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.write('/etc/conformance-written', 'kept') })
      const [entry] = await get(context, id, '/etc/conformance-written')
      expectEqual([entry?.name, entry?.content.toString()], ['conformance-written', 'kept\n'], 'name and content')
    },
  },
  'FILE-005': {
    title: 'getArchive and statPath do not follow a link at the path, but links in its parent directories',
    run: async (context) => {
      const id = await startSleeping(context)
      await put(context, id, '/etc', ...tree, { name: 'put/nowhere', type: 'symlink', target: 'missing' })
      for (const [name, target] of [
        ['link', 'file'],
        ['alias', 'directory'],
        ['nowhere', 'missing'],
      ] as const) {
        const entries = await get(context, id, `/etc/put/${name}`)
        expectEqual(
          entries.map((entry) => [entry.name, entry.type, entry.target]),
          [[name, 'symlink', target]],
          'the entries',
        )
        const stat = await files(context).statPath(id, `/etc/put/${name}`)
        expectEqual([stat?.type, stat?.linkTarget], ['symlink', `/etc/put/${target}`], 'the result of statPath')
      }
      expectEqual(
        (await get(context, id, '/etc/put/alias/inner')).map(({ name }) => name),
        ['inner'],
        'the names',
      )
    },
  },
  'FILE-006': {
    title: 'statPath resolves with the kind, size, mode and time of a file, and with undefined for a missing one',
    run: async (context) => {
      const id = await startSleeping(context)
      await put(context, id, '/etc', ...tree)
      const stat = (name: string) => files(context).statPath(id, `/etc/${name}`, { signal: context.signal })
      const file = { type: 'file', mode: 0o640, sizeBytes: 7, modifiedAt: archiveTime }
      expectEqual(await stat('put/file'), file, 'the result for a file')
      const directory = expectDefined(await stat('put/directory/'), 'a result for a directory')
      expectEqual([directory.type, directory.mode], ['directory', 0o711], 'the type and mode of a directory')
      expectEqual(
        [await stat('missing'), await stat('missing/file')],
        [undefined, undefined],
        'the results for missing files',
      )
    },
  },
  'FILE-007': {
    title: 'a missing directory or path rejects with PATH_NOT_FOUND, and nothing is created',
    run: async (context) => {
      const id = await startSleeping(context)
      const transfer = files(context)
      for (const path of ['/conformance-missing', '/etc/passwd']) {
        const putting = () => put(context, id, path, { name: 'file' })
        await expectHostError('PATH_NOT_FOUND', putting, { id, path, expected: 'directory' })
      }
      expectEqual(await transfer.statPath(id, '/conformance-missing'), undefined, 'the missing directory afterwards')
      const path = '/etc/conformance-missing'
      const getting = () => get(context, id, path)
      await expectHostError('PATH_NOT_FOUND', getting, { id, path, expected: 'path' })
    },
  },
  'FILE-008': {
    title: 'an unknown container rejects with CONTAINER_NOT_FOUND, and an invalid argument with INVALID_ARGUMENT',
    run: async (context) => {
      const id = context.uniqueName('unknown')
      const transfer = files(context)
      await expectHostError('CONTAINER_NOT_FOUND', () => put(context, id, '/etc'), { id })
      await expectHostError('CONTAINER_NOT_FOUND', () => get(context, id, '/etc'), { id })
      await expectHostError('CONTAINER_NOT_FOUND', () => transfer.statPath(id, '/etc'), { id })
      for (const path of ['etc', '/etc/../x', '']) {
        await expectHostError('INVALID_ARGUMENT', () => put(context, id, path), { field: 'directory' })
        await expectHostError('INVALID_ARGUMENT', () => get(context, id, path), { field: 'path' })
        await expectHostError('INVALID_ARGUMENT', () => transfer.statPath(id, path), { field: 'path' })
      }
      await expectHostError('INVALID_ARGUMENT', () => transfer.getArchive('-a', '/etc'), { field: 'id' })
    },
  },
  'FILE-009': {
    title: 'putArchive writes the owners of the archive, and getArchive returns them',
    requiredOptions: ['files.owners'],
    run: async (context) => {
      const id = await startSleeping(context)
      await put(
        context,
        id,
        '/etc',
        { name: 'owned/', mode: 0o755, uid: 1234, gid: 4321 },
        { name: 'owned/file', uid: 2_000_000, gid: 7 },
      )
      const entries = await get(context, id, '/etc/owned')
      expectEqual(
        entries.map(({ uid, gid }) => [uid, gid]),
        [
          [1234, 4321],
          [2_000_000, 7],
        ],
        'the owners',
      )
    },
  },
  'FILE-010': {
    title: 'a name with ".." or a leading slash writes nothing outside of the directory of putArchive',
    run: async (context) => {
      const id = await startSleeping(context)
      for (const name of ['../conformance-escape', 'a/../../conformance-escape']) {
        await put(context, id, '/etc', { name, content: 'escaped' }).catch(() => {})
      }
      await put(context, id, '/etc', { name: '/conformance-absolute', content: 'inside' })
      const stat = async (path: string) => (await files(context).statPath(id, path))?.type
      expectEqual(
        [await stat('/conformance-escape'), await stat('/conformance-absolute')],
        [undefined, undefined],
        'the files outside',
      )
      expectEqual(await stat('/etc/conformance-absolute'), 'file', 'the file inside')
    },
  },
  'FILE-011': {
    title: 'putArchive replaces files, but not a directory by a file or the reverse, and rejects',
    run: async (context) => {
      const id = await startSleeping(context)
      await put(context, id, '/etc', ...tree)
      await put(context, id, '/etc', { name: 'put/link', content: 'new' }, { name: 'put/directory/', mode: 0o700 })
      const read = async (name: string) =>
        (await get(context, id, `/etc/put/${name}`)).map(({ content }) => content.toString())
      expectEqual(
        [await read('link'), await read('file')],
        [['new'], ['content']],
        'the contents of the replaced link and its target',
      )
      await expectAnyHostError(() => put(context, id, '/etc', { name: 'put/directory', content: 'file' }))
      await expectAnyHostError(() => put(context, id, '/etc', { name: 'put/file/' }))
      expectEqual(
        [await read('directory/inner'), await read('file')],
        [['inner'], ['content']],
        'the contents afterwards',
      )
    },
  },
  'FILE-012': {
    title: 'putArchive rejects with the error of its source, and with a HostError for data that is no archive',
    run: async (context) => {
      const id = await startSleeping(context)
      const failure = new Error('the source has failed')
      const archive = await readAll(toArchive({ name: 'conformance-large', content: createMegabyte() }))
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield archive.subarray(0, 100_000)
        throw failure
      }
      await expectReason(failure, () =>
        within(10_000, 'the rejection', files(context).putArchive(id, '/etc', broken())),
      )
      async function* invalid(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('no archive at all\n'.repeat(100))
      }
      await expectAnyHostError(() => files(context).putArchive(id, '/etc', invalid()))
    },
  },
  'FILE-013': {
    title:
      'four megabytes arrive unchanged in both directions, and an archive that is destroyed early ends its transfer',
    run: async (context) => {
      const id = await startSleeping(context)
      const content = Buffer.concat(Array.from({ length: 4 }, createMegabyte))
      await put(context, id, '/etc', { name: 'conformance-large', content })
      const [entry] = await get(context, id, '/etc/conformance-large')
      expect(entry?.content.equals(content) === true, 'the same bytes', entry?.content.length)
      const archive = await files(context).getArchive(id, '/etc/conformance-large')
      for await (const chunk of archive) {
        expect(chunk.length > 0, 'a chunk with bytes', chunk.length)
        break
      }
      expect(archive.destroyed, 'a destroyed stream', archive)
      expectEqual((await files(context).statPath(id, '/etc/conformance-large'))?.sizeBytes, content.length, 'the size')
    },
  },
  'FILE-014': {
    title:
      'an abort rejects with the reason itself: before a call, while putArchive waits for its source, and in a stream',
    run: async (context) => {
      const id = await startSleeping(context)
      const transfer = files(context)
      const reason = new Error('aborted before')
      const aborted = { signal: AbortSignal.abort(reason) }
      await expectReason(reason, () => transfer.putArchive(id, '/etc', toArchive(), aborted))
      await expectReason(reason, () => transfer.getArchive(id, '/etc', aborted))
      await expectReason(reason, () => transfer.statPath(id, '/etc', aborted))
      async function* silent(): AsyncGenerator<Uint8Array> {
        yield (await readAll(toArchive({ name: 'conformance-part', content: createMegabyte() }))).subarray(0, 100_000)
        await new Promise(() => {})
      }
      await expectAborts((options) => transfer.putArchive(id, '/etc', silent(), options))
      await put(context, id, '/etc', {
        name: 'conformance-large',
        content: Buffer.concat(Array.from({ length: 4 }, createMegabyte)),
      })
      const controller = new AbortController()
      const archive = await transfer.getArchive(id, '/etc/conformance-large', { signal: controller.signal })
      controller.abort(reason)
      await expectReason(reason, () => within(5000, 'the end of the stream', readAll(archive)))
    },
  },
  'FILE-015': {
    title: 'after close every method of this manager rejects with RUNTIME_UNAVAILABLE',
    run: async (context) => {
      const other = await context.open()
      const transfer = context.require(fileTransferCapability, other)
      await other.runtime.close()
      for (const call of [
        () => transfer.putArchive('closed', '/etc', toArchive()),
        () => transfer.getArchive('closed', '/etc'),
        () => transfer.statPath('closed', '/etc'),
      ])
        await expectHostError('RUNTIME_UNAVAILABLE', call)
    },
  },
  'FILE-016': {
    title:
      'putArchive into a read-only root filesystem rejects with OPERATION_FAILED before and after the start, and writes nothing',
    requiredOptions: ['readOnlyRootFilesystem', 'files.stopped'],
    run: async (context) => {
      const id = await createContainer(context, { readOnlyRootFilesystem: true, command: context.programs.sleep(60) })
      const putting = () => put(context, id, '/etc', { name: 'conformance-put' })
      await expectHostError('OPERATION_FAILED', putting)
      await context.runtime.startContainer(id)
      await expectHostError('OPERATION_FAILED', putting)
      expectEqual(await files(context).statPath(id, '/etc/conformance-put'), undefined, 'the file')
    },
  },
  'FILE-017': {
    title: 'files of a mounted volume are written and read, and those of a read-only mount only read',
    requiredOptions: ['mounts', 'mounts.volume', 'files.stopped'],
    run: async (context) => {
      const source = await createVolume(context)
      const mount = { type: 'volume', source, target: '/data' } as const
      const id = await createContainer(context, { mounts: [mount], command: context.programs.exit(0) })
      await put(context, id, '/data', { name: 'shared', content: 'through the volume\n' })
      const mounts = [{ ...mount, readOnly: true }]
      await expectPrints(context, { mounts, command: context.programs.read('/data/shared') }, 'through the volume')
      const reader = await createContainer(context, { mounts, command: context.programs.exit(0) })
      expectEqual(
        (await get(context, reader, '/data/shared')).map(({ name }) => name),
        ['shared'],
        'the names',
      )
      await expectHostError('OPERATION_FAILED', () => put(context, reader, '/data', { name: 'refused' }))
      expectEqual(await files(context).statPath(id, '/data/refused'), undefined, 'the refused file')
    },
  },
  'FILE-018': {
    title: 'files of a tmpfs of a running container are written and read',
    needs: [execManagerCapability],
    requiredOptions: ['mounts', 'mounts.tmpfs', 'files.tmpfs'],
    run: async (context) => {
      const mounts = [{ type: 'tmpfs', target: '/conformance', executable: true }] as const
      const id = await startContainer(context, { mounts, command: context.programs.sleep(60) })
      await put(context, id, '/conformance', { name: 'put', content: 'in memory' })
      const { stdout } = await readExec(await startExec(context, id, context.programs.read('/conformance/put')))
      expectEqual(stdout, 'in memory', 'the content')
      expectEqual(
        (await get(context, id, '/conformance/put')).map(({ name }) => name),
        ['put'],
        'the names',
      )
    },
  },
})

/** A directory with a file and links to it, a file with the set-user-ID bit, and a directory with a link. */
const tree: readonly ArchiveEntry[] = [
  { name: 'put/', mode: 0o755 },
  { name: 'put/file', content: 'content', mode: 0o640 },
  { name: 'put/hard', type: 'link', target: 'put/file', mode: 0o640 },
  { name: 'put/run', mode: 0o4750 },
  { name: 'put/link', type: 'symlink', target: 'file' },
  { name: 'put/directory/', mode: 0o711 },
  { name: 'put/directory/inner', content: 'inner' },
  { name: 'put/alias', type: 'symlink', target: 'directory' },
]

function files(context: CaseContext): FileTransfer {
  return context.require(fileTransferCapability)
}

async function startSleeping(context: CaseContext): Promise<string> {
  return await startContainer(context, { command: context.programs.sleep(60) })
}

async function put(
  context: CaseContext,
  id: string,
  directory: string,
  ...entries: readonly ArchiveEntry[]
): Promise<void> {
  await files(context).putArchive(id, directory, toArchive(...entries), { signal: context.signal })
}

async function get(context: CaseContext, id: string, path: string) {
  return await readArchive(await files(context).getArchive(id, path, { signal: context.signal }))
}
