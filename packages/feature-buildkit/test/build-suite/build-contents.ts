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
import { type DeclareBuild, suiteLabel, toContext } from './build-way.js'
import { startGitServer } from './git-server.js'

const runsNothing = 'runs no programs'

/** Declares the builds that succeed, by what is in the image. */
export function defineBuildContents(declare: DeclareBuild): void {
  declare('stores an image under all tags, with the id that the engine has', async (way) => {
    const { runtime } = way.scope
    const tags = ['a', 'b'].map((tag) => `${way.mark}:${tag}`)
    onTestFinished(async () => {
      for (const tag of tags) await runtime.removeImage(tag)
    })
    const { imageId, builder } = await way.build({ context: toContext(['RUN true']), output: { type: 'load', tags } })
      .result
    const images = await runtime.listImages({ labels: { [suiteLabel]: way.mark } })
    expect(images.map(({ id, tags }) => ({ id, tags: tags.length }))).toEqual([{ id: imageId, tags: 2 }])
    expect(builder).toBe(way.builder)
  })

  declare('stores an image without a tag, whose id is in the result', async (way) => {
    const { runtime } = way.scope
    const context = toContext([`RUN echo ${way.mark} >/made`])
    const { imageId = '' } = await way.build({ context, output: { type: 'load', tags: [] } }).result
    onTestFinished(() => runtime.removeImage(imageId))
    expect((await runtime.listImages()).find(({ id }) => id === imageId)).toMatchObject({ tags: [] })
  })

  declare('runs only the stages that the target needs, with the given build arguments', async (way) => {
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
    const texts = await buildTexts(way, { context, target: 'wanted', buildArgs: { word: 'given' } })
    expect(texts).toEqual({ words: 'given default\n' })
  })

  declare('takes the steps of an earlier build from the cache', async (way) => {
    const request = { context: toContext([`RUN echo ${way.mark} >/cached`]), output: { type: 'cache-only' } } as const
    const listCached = async (noCache: boolean) => {
      const build = way.build({ ...request, noCache })
      const names: string[] = []
      for await (const event of build) if (event.type === 'step' && event.state === 'cached') names.push(event.name)
      await build.result
      return names.filter((name) => name.includes(way.mark))
    }
    expect(await listCached(false)).toEqual([])
    expect(await listCached(false)).toEqual([expect.stringContaining(`RUN echo ${way.mark}`)])
    expect(await listCached(true)).toEqual([])
  })

  declare(
    'keeps the files of a cache mount for the next build',
    async (way) => {
      const mount = `--mount=type=cache,id=${way.mark},target=/cache`
      const run = `RUN ${mount} echo $round >>/cache/rounds; cp /cache/rounds /`
      const context = toContext(['ARG round', run, 'FROM scratch', 'COPY --from=base /rounds /'])
      expect(await buildTexts(way, { context, buildArgs: { round: '1' } })).toEqual({ rounds: '1\n' })
      expect(await buildTexts(way, { context, buildArgs: { round: '2' } })).toEqual({ rounds: '1\n2\n' })
    },
    { fake: runsNothing },
  )

  declare(
    'runs and copies inline documents',
    async (way) => {
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
      const texts = await buildTexts(way, { context })
      expect(texts).toEqual({ lines: 'first\nsecond\n', plain: 'a $word\n', expanded: 'a given\n' })
    },
    { fake: runsNothing },
  )

  declare('sends the files of a directory with their modes and links, without those that are ignored', async (way) => {
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
    const built = await buildDirectory(way, { context: { directory }, dockerfileText })
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
  })

  declare(
    'copies from named contexts, which replace stages and images of the same name',
    async (way) => {
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
      const texts = await buildTexts(way, { context: { files: {} }, dockerfileText, namedContexts })
      expect(texts).toEqual({ a: 'of a directory', b: 'in memory', c: 'in place of a stage' })
    },
    { fake: 'has no named contexts' },
  )

  declare(
    'uses an image of the engine as base and as named context, without a registry',
    async (way) => {
      const dockerfileText = [
        `FROM ${testImages.busybox} AS work`,
        'COPY --from=tools /etc/passwd /copied',
        'RUN cmp /copied /etc/passwd && echo equal >/result',
        'FROM scratch',
        'COPY --from=work /result /',
        '',
      ].join('\n')
      const namedContexts = { tools: `docker-image://${testImages.busybox}` }
      const texts = await buildTexts(way, { context: { files: {} }, dockerfileText, namedContexts })
      expect(texts).toEqual({ result: 'equal\n' })
    },
    { sidecar: 'BuildKit in a sidecar does not have the images of the engine' },
  )

  const fetchesNothing = { fake: 'fetches nothing' }

  declare(
    'fetches an archive as the context',
    async (way) => {
      const files = { Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'in the archive' }
      const entries = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }))
      const port = await serve(toTarArchive(entries))
      const url = `http://${await way.findMachineAddress()}:${port}/context.tar`
      expect(await buildTexts(way, { context: { url } })).toEqual({ a: 'in the archive' })
    },
    fetchesNothing,
  )

  declare(
    'clones a git repository, and builds a directory of a branch',
    async (way, context) => {
      const server = await startGitServer({
        'app/Dockerfile': 'FROM scratch\nCOPY a /\n',
        'app/a': 'cloned',
        other: '',
      })
      if (server === undefined) return skipTest(context, 'this machine has no git')
      const url = `git://${await way.findMachineAddress()}:${server.port}/repository#side:app`
      const texts = await buildTexts(way, { context: { url } }).catch((error: unknown) => {
        if (isHostError(error, 'BUILD_FAILED') && /git.*not found/.test(error.facts.lastLines.join())) return undefined
        throw error
      })
      if (texts === undefined) return skipTest(context, 'the machine of this BuildKit has no git')
      expect(texts).toEqual({ a: 'cloned' })
    },
    fetchesNothing,
  )

  declare(
    'builds 20 contexts at once, each with its own files',
    async (way) => {
      const build = (text: string) => {
        const lines = ['COPY own /own', 'RUN cp /own /copied', 'FROM scratch', 'COPY --from=base /copied /']
        return buildTexts(way, { context: toContext(lines, { own: text }) })
      }
      const texts = Array.from({ length: 20 }, (_, index) => `${way.mark} ${index}`)
      expect(await Promise.all(texts.map(build))).toEqual(texts.map((copied) => ({ copied })))
    },
    { fake: runsNothing },
  )

  declare(
    'runs a step in the network of the machine when that is requested',
    async (way) => {
      const port = await serve('a page')
      const run = `RUN --network=host wget -q -O /page http://127.0.0.1:${port}/`
      const context = toContext([run, 'FROM scratch', 'COPY --from=base /page /'])
      expect(await buildTexts(way, { context, entitlements: ['network.host'] })).toEqual({ page: 'a page' })
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
