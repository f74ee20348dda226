import { once } from 'node:events'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { isHostError } from '@capstan/core'
import { expect, onTestFinished } from 'vitest'
import { skipTest } from '../../../../test/support/test-engine.js'
import { toTarArchive } from '../../../../tools/engine/tar-archive.mjs'
import { testImages } from '../../../../tools/engine/test-image.mjs'
import { buildDirectory, buildTexts, createDirectory } from './build-files.js'
import { startGitServer } from './git-server.js'
import { type DeclareBuild, suiteLabel, toContext } from './tested-builder.js'

const runsNothing = 'runs no programs'
/** What BuildKit reports on a machine without git: with the image store of containerd, and with Docker's own one. */
const noGit = /unknown scheme git: not found|exec: "git": executable file not found/

/** Declares the builds that succeed, by what is in the image. */
export function defineBuildContents(declare: DeclareBuild): void {
  declare('stores an image under all tags, with the id that the engine has', async (builder) => {
    const { runtime } = builder.scope
    const tags = ['a', 'b'].map((tag) => `${builder.runId}:${tag}`)
    onTestFinished(async () => {
      for (const tag of tags) await runtime.removeImage(tag)
    })
    const request = { context: toContext(['RUN true']), output: { type: 'load', tags } } as const
    const { imageId, builder: kind } = await builder.build(request).result
    const images = await runtime.listImages({ labels: { [suiteLabel]: builder.runId } })
    expect(images.map(({ id, tags }) => ({ id, tags: tags.length }))).toEqual([{ id: imageId, tags: 2 }])
    expect(kind).toBe(builder.kind)
  })

  declare('stores an image without a tag, whose id is in the result', async (builder) => {
    const { runtime } = builder.scope
    const context = toContext([`RUN echo ${builder.runId} >/made`])
    const { imageId = '' } = await builder.build({ context, output: { type: 'load', tags: [] } }).result
    onTestFinished(() => runtime.removeImage(imageId))
    expect((await runtime.listImages()).find(({ id }) => id === imageId)).toMatchObject({ tags: [] })
  })

  declare('runs only the stages that the target needs, with the given build arguments', async (builder) => {
    const context = toContext([
      'FROM base AS work',
      'ARG word=default',
      'ARG other=default',
      'RUN echo "$word $other" >/words',
      'FROM scratch AS wanted',
      'COPY --from=work /words /',
      'FROM wanted',
      'RUN exit 3',
    ])
    const texts = await buildTexts(builder, { context, target: 'wanted', buildArgs: { word: 'given' } })
    expect(texts).toEqual({ words: 'given default\n' })
  })

  declare('uses the cached steps of an earlier build', async (builder) => {
    const request = {
      context: toContext([`RUN echo ${builder.runId} >/cached`]),
      output: { type: 'cache-only' },
    } as const
    const listCached = async (noCache: boolean) => {
      const build = builder.build({ ...request, noCache })
      const names: string[] = []
      for await (const event of build) if (event.type === 'step' && event.state === 'cached') names.push(event.name)
      await build.result
      return names.filter((name) => name.includes(builder.runId))
    }
    expect(await listCached(false)).toEqual([])
    expect(await listCached(false)).toEqual([expect.stringContaining(`RUN echo ${builder.runId}`)])
    expect(await listCached(true)).toEqual([])
  })

  declare(
    'keeps the files of a cache mount for the next build',
    async (builder) => {
      const mount = `--mount=type=cache,id=${builder.runId},target=/cache`
      const run = `RUN ${mount} echo $round >>/cache/rounds; cp /cache/rounds /`
      const context = toContext(['ARG round', run, 'FROM scratch', 'COPY --from=base /rounds /'])
      expect(await buildTexts(builder, { context, buildArgs: { round: '1' } })).toEqual({ rounds: '1\n' })
      expect(await buildTexts(builder, { context, buildArgs: { round: '2' } })).toEqual({ rounds: '1\n2\n' })
    },
    { fake: runsNothing },
  )

  declare(
    'runs and copies inline documents',
    async (builder) => {
      const context = toContext([
        'RUN <<script',
        'set -e',
        'echo first >/lines',
        'echo second >>/lines',
        'script',
        'FROM scratch',
        'COPY --from=base /lines /',
        'ARG word=given',
        'COPY <<"plain" <<expanded /',
        'a $word',
        'plain',
        'a $word',
        'expanded',
      ])
      const texts = await buildTexts(builder, { context })
      expect(texts).toEqual({ lines: 'first\nsecond\n', plain: 'a $word\n', expanded: 'a given\n' })
    },
    { fake: runsNothing },
  )

  declare(
    'sends the files of a directory with their modes and links, without those that are ignored',
    async (builder) => {
      const directory = createDirectory()
      const write = (path: string, mode: number) => {
        writeFileSync(join(directory, path), path)
        chmodSync(join(directory, path), mode)
      }
      for (const path of ['kept', 'ignored', 'mixed', 'empty']) mkdirSync(join(directory, path))
      chmodSync(join(directory, 'empty'), 0o711)
      for (const path of ['a.log', 'kept.log', 'ignored/a', 'mixed/a', 'mixed/b', 'Dockerfile']) write(path, 0o644)
      write('kept/private', 0o600)
      write('kept/program', 0o4755)
      symlinkSync('kept/program', join(directory, 'link'))
      symlinkSync('nonexistent', join(directory, 'dangling'))
      writeFileSync(join(directory, '.dockerignore'), '# a comment\n*.log\n!kept.log\nignored\nmixed/*\n!mixed/b\n')
      const dockerfileText = 'FROM scratch\nCOPY . /\n'
      const built = await buildDirectory(builder, { context: { directory }, dockerfileText })
      const describe = (path: string) => {
        const stats = lstatSync(join(built, path))
        if (stats.isSymbolicLink()) return `${path} -> ${readlinkSync(join(built, path))}`
        return `${path} ${(stats.mode & 0o7777).toString(8)}`
      }
      expect(readdirSync(built, { recursive: true, encoding: 'utf8' }).map(describe).sort()).toEqual([
        ...['.dockerignore 644', 'Dockerfile 644', 'dangling -> nonexistent', 'empty 711', 'kept 755', 'kept.log 644'],
        ...['kept/private 600', 'kept/program 4755', 'link -> kept/program', 'mixed 755', 'mixed/b 644'],
      ])
      expect(readFileSync(join(built, 'mixed/b'), 'utf8')).toBe('mixed/b')
    },
  )

  declare(
    'copies from named contexts, which replace stages and images of the same name',
    async (builder) => {
      const directory = createDirectory()
      writeFileSync(join(directory, 'a'), 'of a directory')
      const namedContexts = {
        directory: { directory },
        memory: { files: { b: 'in memory' } },
        replaced: { files: { c: 'in place of a stage' } },
      }
      const dockerfileText = [
        'FROM scratch AS replaced',
        'COPY nonexistent /',
        'FROM scratch',
        ...['directory', 'memory', 'replaced'].map((name) => `COPY --from=${name} / /`),
        '',
      ].join('\n')
      const texts = await buildTexts(builder, { context: { files: {} }, dockerfileText, namedContexts })
      expect(texts).toEqual({ a: 'of a directory', b: 'in memory', c: 'in place of a stage' })
    },
    { fake: 'has no named contexts' },
  )

  declare(
    'uses an image of the engine as base and as named context, without a registry',
    async (builder) => {
      const dockerfileText = [
        `FROM ${testImages.busybox} AS work`,
        'COPY --from=tools /etc/passwd /copied',
        'RUN cmp /copied /etc/passwd && echo equal >/result',
        'FROM scratch',
        'COPY --from=work /result /',
        '',
      ].join('\n')
      const namedContexts = { tools: `docker-image://${testImages.busybox}` }
      const texts = await buildTexts(builder, { context: { files: {} }, dockerfileText, namedContexts })
      expect(texts).toEqual({ result: 'equal\n' })
    },
    { sidecar: 'BuildKit in a sidecar does not have the images of the engine' },
  )

  const fetchesNothing = { fake: 'fetches nothing' }

  declare(
    'fetches an archive as the context',
    async (builder) => {
      const files = { Dockerfile: 'FROM scratch\nCOPY a /\n', a: builder.runId }
      const entries = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }))
      const port = await serve(toTarArchive(entries))
      const url = `http://${await builder.findMachineAddress()}:${port}/context.tar`
      expect(await buildTexts(builder, { context: { url } })).toEqual({ a: builder.runId })
    },
    fetchesNothing,
  )

  declare(
    'clones a git repository, and builds a directory of a branch',
    async (builder, context) => {
      const server = await startGitServer({
        'app/Dockerfile': 'FROM scratch\nCOPY a /\n',
        'app/a': builder.runId,
        other: '',
      })
      if (server === undefined) return skipTest(context, 'this machine has no git')
      const url = `git://${await builder.findMachineAddress()}:${server.port}/repository#side:app`
      const texts = await buildTexts(builder, { context: { url } }).catch((error: unknown) => {
        if (isHostError(error, 'BUILD_FAILED') && noGit.test(error.facts.lastLines.join())) return undefined
        throw error
      })
      if (texts === undefined) return skipTest(context, 'the machine of this BuildKit has no git')
      expect(texts).toEqual({ a: builder.runId })
    },
    fetchesNothing,
  )

  declare(
    'builds 20 contexts at once, each with its own files',
    async (builder) => {
      const build = (text: string) => {
        const lines = ['COPY own /own', 'RUN cp /own /copied', 'FROM scratch', 'COPY --from=base /copied /']
        return buildTexts(builder, { context: toContext(lines, { own: text }) })
      }
      const texts = Array.from({ length: 20 }, (_, index) => `${builder.runId} ${index}`)
      expect(await Promise.all(texts.map(build))).toEqual(texts.map((copied) => ({ copied })))
    },
    { fake: runsNothing },
  )

  declare(
    "gives a host name the address of the engine's machine for host-gateway",
    async (builder) => {
      const run = `RUN : ${builder.runId} && grep machine.example /etc/hosts >/hosts`
      const context = toContext([run, 'FROM scratch', 'COPY --from=base /hosts /'])
      const { hosts } = await buildTexts(builder, { context, extraHosts: { 'machine.example': 'host-gateway' } })
      expect(hosts).toMatch(/^\d+\.\d+\.\d+\.\d+\s+machine\.example\n$/)
    },
    { sidecar: 'BuildKit in a sidecar does not know the address' },
  )

  declare(
    'runs a step in the network of the machine when that is requested',
    async (builder) => {
      const port = await serve(builder.runId)
      // The name in the address gives each run a step of its own, which is not cached.
      const run = `RUN --network=host wget -q -O /page http://127.0.0.1:${port}/${builder.runId}`
      const context = toContext([run, 'FROM scratch', 'COPY --from=base /page /'])
      expect(await buildTexts(builder, { context, entitlements: ['network.host'] })).toEqual({ page: builder.runId })
    },
    { sidecar: 'the daemon of a sidecar does not allow it' },
  )
}

/** Answers each HTTP request until the end of the test. Resolves with the port. */
async function serve(body: string | Uint8Array): Promise<number> {
  const server = createServer((_, response) => void response.end(body))
  await once(server.listen(0, '0.0.0.0'), 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}
