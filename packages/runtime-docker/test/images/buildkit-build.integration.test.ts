import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BuildOptions, buildServiceCapability } from '@capstan/core'
import { expect, onTestFinished, test } from 'vitest'
import { describeWithEngine } from '../../../../test/support/test-engine.js'
import { type ConnectedEngine, connectEngine } from '../connect-engine.js'
import { buildImage, getImageHomeDir, imageExists, listImages, removeImage } from '../run-operations.js'
import { credentials, startTestRegistry } from './test-registry.js'

describeWithEngine("builds with the engine's own BuildKit", (testEngine) => {
  const absent = testEngine.details?.absent.find(({ id }) => id === buildServiceCapability.id)
  const from = `FROM ${testEngine.image}\n`

  function connect(): ConnectedEngine & { readonly tag: string } {
    const connected = connectEngine(testEngine)
    onTestFinished(() => removeAll(connected))
    return { ...connected, tag: `capstan-test-image:${randomUUID()}` }
  }

  async function removeAll(connected: ConnectedEngine): Promise<void> {
    for (const { id } of await listOwn(connected)) await removeImage(connected.engine, id)
  }

  function listOwn({ engine, instance }: ConnectedEngine) {
    return listImages(engine, { labels: { 'capstan.owner.instance': instance } })
  }

  /** Builds, and returns the lines of the progress with their steps and streams. */
  async function readLines(
    { engine }: ConnectedEngine,
    image: Parameters<typeof buildImage>[1],
    options: BuildOptions = {},
  ) {
    const lines: string[] = []
    await buildImage(engine, image, {
      ...options,
      onProgress: ({ step, totalSteps, stream, text }) => void lines.push(`${step}/${totalSteps} ${stream} ${text}`),
    })
    return lines
  }

  test.skipIf(absent)('uses context, arguments, target and labels, and reports each step', async () => {
    const connected = connect()
    const dockerfile = `FROM ${testEngine.image} AS base\nARG WORD\nCOPY . /app/\nRUN echo "$WORD" && echo failed >&2 && ls -laR /app && /app/run.sh\nFROM base\nRUN false\n`
    const lines = await readLines(
      connected,
      { dockerfile, tag: connected.tag },
      {
        context: { files: { 'run.sh': '#!/bin/sh\necho started\n', '.dockerignore': 'dropped', dropped: '' } },
        buildArgs: { WORD: randomUUID() },
        target: 'base',
        labels: { team: 'a "b" $HOME \\ ' },
      },
    )
    expect(lines).toEqual(expect.arrayContaining(['3/3 stdout started', '3/3 stderr failed']))
    expect(lines.join('\n')).not.toMatch(/dropped$/m)
    const [image] = await listOwn(connected)
    expect(image).toMatchObject({ tags: [connected.tag], labels: { team: 'a "b" $HOME \\ ' } })
  })

  test.skipIf(absent)(
    'supports heredocs and cache mounts, and uses the cache when the Dockerfile changes',
    async () => {
      const connected = connect()
      const mount = `--mount=type=cache,id=${randomUUID()},target=/kept`
      const toDockerfile = (last: string) =>
        `${from}COPY <<EOF /made\nfrom a heredoc\nEOF\nCOPY a /a\nRUN cat /a /made\nRUN ${mount} echo ${last} >> /kept/all; cat /kept/all\n`
      const context = { files: { a: `${randomUUID()}\n` } }
      const first = await readLines(connected, { dockerfile: toDockerfile('one'), tag: connected.tag }, { context })
      expect(first).toContain('4/5 stdout from a heredoc')
      const second = await readLines(connected, { dockerfile: toDockerfile('two'), tag: connected.tag }, { context })
      expect(second).toEqual(expect.arrayContaining(['4/5 stdout CACHED', '5/5 stdout one', '5/5 stdout two']))
    },
  )

  test.skipIf(absent)('keeps modes and symbolic links of a directory, and notices a changed file', async () => {
    const connected = connect()
    const directory = await mkdtemp(join(tmpdir(), 'capstan-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    await writeFile(join(directory, 'run.sh'), '#!/bin/sh\necho one\n')
    await chmod(join(directory, 'run.sh'), 0o750)
    await symlink('run.sh', join(directory, 'link'))
    // Otherwise the cache of an earlier run would have the output of the step.
    const image = {
      dockerfile: `${from}ENV X=${connected.tag}\nCOPY . /app/\nRUN /app/link && stat -c %a /app/run.sh\n`,
      tag: connected.tag,
    }
    const lines = await readLines(connected, image, { context: { directory } })
    expect(lines).toEqual(expect.arrayContaining(['3/3 stdout one', '3/3 stdout 750']))
    await writeFile(join(directory, 'run.sh'), '#!/bin/sh\necho two\n')
    expect(await readLines(connected, image, { context: { directory } })).toContain('3/3 stdout two')
  })

  test.skipIf(absent)('keeps the image whose tag it gives to another one', async () => {
    const connected = connect()
    await buildImage(connected.engine, { dockerfile: `${from}ENV X=1\n`, tag: connected.tag })
    const [before] = await listOwn(connected)
    await buildImage(connected.engine, { dockerfile: `${from}ENV X=2\n`, tag: connected.tag })
    const after = await listOwn(connected)
    expect(after).toHaveLength(2)
    expect(after.find(({ id }) => id === before?.id)?.tags).toEqual([])
  })

  test.skipIf(absent)('gives an image that is built again its tags, and creates no other image', async () => {
    const connected = connect()
    const second = `capstan-test-image:${randomUUID()}`
    const build = () =>
      buildImage(connected.engine, { dockerfile: `${from}ENV X=1\n`, tag: connected.tag }, { tags: [second] })
    await build()
    const before = await listOwn(connected)
    expect(before.map(({ tags }) => [...tags].sort())).toEqual([[connected.tag, second].sort()])
    await build()
    expect((await listOwn(connected)).map(({ id }) => id)).toEqual(before.map(({ id }) => id))
  })

  test.skipIf(absent).for([
    [
      'a RUN that exits 9',
      'RUN echo out; echo err >&2; exit 9',
      {
        step: '[2/2] RUN echo out; echo err >&2; exit 9',
        command: 'RUN echo out; echo err >&2; exit 9',
        exitCode: 9,
        lastLines: expect.arrayContaining(['out', 'err']),
        source: expect.objectContaining({ file: 'Dockerfile', line: 2 }),
      },
    ],
    ['a missing command', 'RUN ["/nowhere"]', { step: '[2/2] RUN ["/nowhere"]', command: 'RUN ["/nowhere"]' }],
    ['a missing file', 'COPY nowhere /x', { step: '[2/2] COPY nowhere /x', exitCode: undefined }],
    ['bad syntax', 'RUNN x', { step: undefined, lastLines: [expect.stringContaining('unknown instruction: RUNN')] }],
    [
      'a missing base image',
      'FROM 127.0.0.1:1/nowhere',
      { lastLines: expect.arrayContaining([expect.stringContaining('127.0.0.1:1/nowhere')]) },
    ],
  ] as const)('rejects with BUILD_FAILED and its facts for %s', async ([, line, facts]) => {
    const { engine, tag } = connect()
    const building = buildImage(engine, { dockerfile: `${from}${line}\n`, tag })
    await expect(building).rejects.toMatchObject({ code: 'BUILD_FAILED', facts })
    expect(await imageExists(engine, tag)).toBe(false)
  })

  test.skipIf(absent)(
    'builds for another platform, and uses no base image that is local for one platform only',
    async () => {
      const { engine, tag } = connect()
      const options = { context: { files: { x: '' } }, platform: 'linux/s390x' }
      await buildImage(engine, { dockerfile: 'FROM scratch\nCOPY x /\n', tag }, options)
      expect(await imageExists(engine, tag)).toBe(true)
      const other = `capstan-test-image:${randomUUID()}`
      await expect(buildImage(engine, { dockerfile: from, tag: other }, options)).rejects.toMatchObject({
        // BuildKit pulls the base image, except with containerd's image store.
        code: expect.stringMatching(/^(BUILD_FAILED|OPTION_UNSUPPORTED)$/),
      })
      expect(await imageExists(engine, other)).toBe(false)
    },
  )

  test.skipIf(absent).for(['sleep 300', 'exporting to image'])(
    'restores the tags and leaves no image after an abort at "%s"',
    async (text) => {
      const connected = connect()
      const { engine, tag } = connected
      const third = `capstan-test-image:${randomUUID()}`
      await buildImage(engine, { dockerfile: `${from}ENV X=${tag}\n`, tag })
      const before = await listOwn(connected)
      const abort = new AbortController()
      const reason = new Error('enough')
      const step = text.startsWith('sleep') ? `RUN ${text}` : 'RUN true'
      const building = buildImage(
        engine,
        { dockerfile: `${from}${step}\nENV Y=${tag}\n`, tag },
        {
          tags: [third],
          noCache: true,
          signal: abort.signal,
          onProgress: (line) => void (line.text.includes(text) && abort.abort(reason)),
        },
      )
      await expect(building).rejects.toBe(reason)
      expect(await imageExists(engine, third)).toBe(false)
      expect(await listOwn(connected)).toEqual(before)
    },
  )

  test.skipIf(absent)('uses the credentials of the registry of a base image', async () => {
    const { engine, tag } = connect()
    const { host } = await startTestRegistry()
    const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
    const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [host]: { auth } } }), DOCKER_CONFIG: '/nonexistent' }
    await buildImage(engine, { dockerfile: `FROM ${host}/app:1\nENV X=1\n`, tag, credentialSources: { env } })
    expect(await getImageHomeDir(engine, tag)).toBe('/pulled')
    const anonymous = { dockerfile: `FROM ${host}/app:1\nENV X=2\n`, tag: `${tag}-anonymous` }
    await expect(buildImage(engine, anonymous, { pull: true })).rejects.toMatchObject({ code: 'BUILD_FAILED' })
  })

  test.skipIf(absent)('runs 20 builds at the same time', async () => {
    const connected = connect()
    const tags = Array.from({ length: 20 }, () => `capstan-test-image:${randomUUID()}`)
    await Promise.all(
      tags.map((tag) =>
        buildImage(connected.engine, { dockerfile: `${from}COPY a /a\n`, tag }, { context: { files: { a: tag } } }),
      ),
    )
    expect((await listOwn(connected)).flatMap((image) => image.tags).sort()).toEqual(tags.sort())
  })
})
