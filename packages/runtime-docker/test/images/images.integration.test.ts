import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { PullProgress } from '@capstan/core'
import { pack } from 'tar-stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import { describeWithEngine, isPodman } from '../../../../test/support/test-engine.js'
import { DockerImageManager } from '../../src/docker-image-manager.js'
import { DockerImageTransfer } from '../../src/docker-image-transfer.js'
import { DockerRuntime } from '../../src/docker-runtime.js'
import type { DockerDetails } from '../../src/engine/docker-details.js'
import { type ConnectedEngine, connectEngine, noBuildKit } from '../connect-engine.js'
import { buildImage, getImageHomeDir, imageExists, listImages, pullImage, removeImage } from '../run-operations.js'
import { credentials, startTestRegistry } from './test-registry.js'

describeWithEngine('images of a real engine', (testEngine) => {
  function connect(changes: Partial<DockerDetails> = {}): ConnectedEngine & { readonly tag: string } {
    const connected = connectEngine(testEngine, changes)
    const tag = `capstan-test-image:${randomUUID()}`
    onTestFinished(() => removeAll(connected))
    return { ...connected, tag }
  }

  /** Builds use the classic builder, also on an engine with BuildKit. */
  function connectClassic() {
    return connect({ absent: [...(testEngine.details?.absent ?? []), noBuildKit] })
  }

  /**
   * Includes images that a later build has untagged. A derived image is removed before its base. An image of a step, which the
   * image store of containerd keeps, is listed when the images that are derived from it are removed.
   */
  async function removeAll(connected: ConnectedEngine): Promise<void> {
    const { engine, instance } = connected
    const images = await listImages(engine, { labels: { 'capstan.owner.instance': instance } })
    for (const { id } of images) await removeImage(engine, id)
    if (images.length > 0) await removeAll(connected)
  }

  const from = `FROM ${testEngine.image}\n`

  test('builds with context, arguments, target and labels, and reports each step', async () => {
    const { engine, tag, instance } = connectClassic()
    const team = isPodman ? 'a "b" \\ ' : 'a "b" $HOME \\ ' // Podman 5 replaces variables
    const lines: string[] = []
    const dockerfile = `${from}ARG WORD\nCOPY . /app/\nRUN echo "$WORD" && ls -laR /app && /app/run.sh\nFROM base\n`
    await buildImage(
      engine,
      { dockerfile: dockerfile.replace(from, `FROM ${testEngine.image} AS base\n`), tag },
      {
        context: { files: { 'run.sh': '#!/bin/sh\necho started\n', '.dockerignore': 'dropped', dropped: '' } },
        buildArgs: { WORD: 'given' },
        target: 'base',
        labels: { team },
        onProgress: ({ step, totalSteps, stream, text }) => void lines.push(`${step}/${totalSteps} ${stream} ${text}`),
      },
    )
    // Podman 5 counts a step for the labels.
    const step = lines.find((line) => line.endsWith(' stdout given'))?.replace(' stdout given', '')
    expect(isPodman ? ['4/4', '4/5'] : ['4/4']).toContain(step)
    expect(lines).toContain(`${step} stdout started`)
    expect(lines.join('\n')).not.toMatch(/dropped$|\.dockerfile\./m)
    const [image] = await listImages(engine, { labels: { 'capstan.owner.instance': instance } })
    expect(image).toMatchObject({ tags: [tag], labels: { team } })
    expect(image?.sizeBytes).toBeGreaterThan(1_000_000)
    expect(image?.createdAt).toBeInstanceOf(Date)
  })

  test.for([
    ['without .dockerignore', {}, ['a']],
    ['with a .dockerignore that excludes itself', { '.dockerignore': '.docker*' }, ['a']],
    ['with a .dockerignore that excludes a name', { '.dockerignore': 'node_modules\n' }, ['.dockerignore', 'a']],
    ['with a .dockerignore that excludes all but one file', { '.dockerignore': '*\n!a\n' }, ['a']],
    [
      'with a .dockerignore for names in a directory',
      { '.dockerignore': 'd/*.md', 'd/e': '' },
      ['.dockerignore', 'a', 'd'],
    ],
  ] as const)(
    'copies only the files of a context %s, and uses the cache when the Dockerfile changes',
    async ([, more, names]) => {
      const { engine, tag, instance } = connectClassic()
      const files: Readonly<Record<string, string>> = { ...more, a: randomUUID() }
      // For the images of steps that two images have in common, see `removeAll`.
      const base = `${from}LABEL capstan.owner.instance=${instance}\n`
      const build = async (last: string) => {
        const lines: string[] = []
        const dockerfile = `${base}COPY . /copied/\nRUN find /copied -type f | sort | xargs head -n 9\nRUN ls -A /copied\n${last}\n`
        const onProgress = ({ text }: { readonly text: string }) => void lines.push(text)
        await buildImage(engine, { dockerfile, tag }, { context: { files }, onProgress })
        return lines
      }
      const first = await build('RUN echo first')
      expect(first.filter((line) => ['.dockerignore', 'a', 'd', '.capstan.dockerfile', 'x'].includes(line))).toEqual(
        names,
      )
      for (const name of names.filter((one) => one === '.dockerignore')) {
        expect(first.join('\n')).toContain(`==> /copied/${name} <==\n${files[name]?.trimEnd()}\n`)
        expect(first.join('\n')).not.toContain('.dockerfile')
      }
      const second = await build('RUN echo second')
      expect(second.filter((line) => line.includes('Using cache'))).toHaveLength(4)
    },
  )

  test('builds the Dockerfile of the context, and copies it unchanged', async () => {
    const { engine, tag, instance } = connectClassic()
    const lines: string[] = []
    const dockerfile = `${from}COPY . /copied/\nRUN ls -A /copied && cat /copied/.dockerignore\n`
    const files = { Dockerfile: dockerfile, '.dockerignore': '# drops nothing\n' }
    const onProgress = ({ text }: { readonly text: string }) => void lines.push(text)
    await buildImage(engine, { dockerfile, tag }, { context: { files }, labels: { team: 'x' }, onProgress })
    expect(lines).toEqual(expect.arrayContaining(['.dockerignore', 'Dockerfile', '# drops nothing']))
    const [image] = await listImages(engine, { labels: { 'capstan.owner.instance': instance } })
    expect(image).toMatchObject({ tags: [tag], labels: { team: 'x' } })
  })

  test('rejects with INVALID_ARGUMENT and the path of the field for an invalid reference', async () => {
    const { engine } = connect()
    const refused = (field: string) => ({ code: 'INVALID_ARGUMENT', facts: { field, given: '"Upper:1"' } })
    await expect(imageExists(engine, 'Upper:1')).rejects.toMatchObject(refused('image'))
    await expect(removeImage(engine, 'Upper:1')).rejects.toMatchObject(refused('id'))
    await expect(new DockerImageTransfer(engine).saveImage('Upper:1')).rejects.toMatchObject(refused('reference'))
  })

  /** The line of the second step in the words of the engine. */
  const toStep = (instruction: string) => (isPodman ? `STEP 2/2: ${instruction}` : `Step 2/2 : ${instruction}`)

  test.for([
    [
      'a RUN that exits 9',
      'RUN echo out; echo err >&2; exit 9',
      {
        exitCode: 9,
        step: toStep('RUN echo out; echo err >&2; exit 9'),
        lastLines: expect.arrayContaining(['out', 'err']),
      },
    ],
    ['a missing command', 'RUN ["/nowhere"]', { step: toStep('RUN ["/nowhere"]') }],
    [
      'a missing file',
      'COPY nowhere /x',
      { step: toStep('COPY nowhere /x'), command: 'COPY nowhere /x', exitCode: undefined },
    ],
    // Docker parses the Dockerfile before the first step, and Podman numbers the steps of each stage.
    ['bad syntax', 'RUNN x', { step: isPodman ? toStep('RUNN x') : undefined }],
    [
      'a missing base image',
      'FROM 127.0.0.1:1/nowhere',
      { step: isPodman ? 'STEP 1/1: FROM 127.0.0.1:1/nowhere' : toStep('FROM 127.0.0.1:1/nowhere') },
    ],
  ] as const)('rejects with BUILD_FAILED, step and reason for %s', async ([, line, facts]) => {
    const { engine, tag } = connectClassic()
    const failure = await buildImage(engine, { dockerfile: `${from}${line}\n`, tag }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'BUILD_FAILED', facts })
    expect(await imageExists(engine, tag)).toBe(false)
  })

  test('rejects name servers before the upload, and a platform that differs from that of the base image', async () => {
    const { engine, tag } = connectClassic()
    const image = { dockerfile: from, tag }
    await expect(buildImage(engine, image, { dns: ['1.1.1.1'] })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'build.dns' },
    })
    await expect(buildImage(engine, image, { platform: 'linux/s390x' })).rejects.toMatchObject({
      facts: { field: 'build.platform' },
    })
    expect(await imageExists(engine, tag)).toBe(false)
  })

  test('builds for another platform from scratch', async () => {
    const { engine, tag } = connectClassic()
    const context = { files: { x: '' } }
    await buildImage(engine, { dockerfile: 'FROM scratch\nCOPY x /\n', tag }, { context, platform: 'linux/arm64' })
    expect(await imageExists(engine, tag)).toBe(true)
  })

  test('stops the build at an abort, and removes its image and its containers', async () => {
    const { engine, tag } = connectClassic()
    const abort = new AbortController()
    const reason = new Error('enough')
    const mark = randomUUID()
    const building = buildImage(
      engine,
      { dockerfile: `${from}RUN echo ${mark} && sleep 300\n`, tag },
      { signal: abort.signal, onProgress: ({ text }) => void (text === mark && abort.abort(reason)) },
    )
    await expect(building).rejects.toBe(reason)
    expect(await imageExists(engine, tag)).toBe(false)
    await expect.poll(() => countBuilding(mark), { timeout: 10_000 }).toBe(0)

    async function countBuilding(text: string): Promise<number> {
      const api = await engine.api({ operation: 'test', subject: 'containers' })
      const containers = await api.listContainers({ all: true })
      return containers.filter((container) => JSON.stringify(container).includes(text)).length
    }
  })

  test('builds one image for all tags, and restores each tag after an abort', async () => {
    const { engine, tag, instance } = connectClassic()
    const [second, third] = [`capstan-test-image:${randomUUID()}`, `capstan-test-image:${randomUUID()}`]
    await buildImage(engine, { dockerfile: `${from}ENV X=${tag}\n`, tag }, { tags: [second] })
    const list = async () =>
      (await listImages(engine, { labels: { 'capstan.owner.instance': instance } })).map(({ id, tags }) => ({
        id,
        tags: [...tags].sort(),
      }))
    const before = await list()
    expect(before.map(({ tags }) => tags)).toEqual([[tag, second].sort()])
    const abort = new AbortController()
    const building = buildImage(
      engine,
      { dockerfile: `${from}ENV Y=${tag}\n`, tag },
      {
        tags: [second, third],
        signal: abort.signal,
        onProgress: ({ text }) => void (text.startsWith('Successfully tagged') && abort.abort('enough')),
      },
    )
    await expect(building).rejects.toBe('enough')
    expect(await imageExists(engine, third)).toBe(false)
    expect(await list()).toEqual(before)
  })

  test('pulls one tag with given or stored credentials, and reports progress', async () => {
    const { engine } = connect()
    const { host } = await startTestRegistry()
    const image = `${host}/app:1`
    onTestFinished(() => removeImage(engine, image))
    const events: PullProgress[] = []
    const id = await pullImage(engine, image, { credentials, onProgress: (event) => void events.push(event) })
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(await getImageHomeDir(engine, image)).toBe('/pulled')
    expect(new Set(events.map(({ phase }) => phase))).toContain('downloading')
    expect(events.at(-1)).toMatchObject({ id: image, phase: 'done' })

    await removeImage(engine, image)
    const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
    const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [host]: { auth } } }), DOCKER_CONFIG: '/nonexistent' }
    expect(await pullImage(engine, image, { credentialSources: { env } })).toBe(id)
  })

  test('rejects with IMAGE_PULL_FAILED and the text of a registry that refuses before or within the stream', async () => {
    const { engine } = connect()
    const { host } = await startTestRegistry()
    const credentialSources = { env: { DOCKER_CONFIG: '/nonexistent' } }
    await expect(pullImage(engine, `${host}/app:1`, { credentialSources })).rejects.toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      facts: { registryText: expect.stringMatching(/no basic auth credentials|unauthorized/) },
    })
    await expect(pullImage(engine, `${host}/broken:1`, { credentials })).rejects.toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      facts: { registryText: expect.stringMatching(/\S/) },
    })
    expect(await imageExists(engine, `${host}/broken:1`)).toBe(false)
  })

  test('builds on an image of a registry that requires credentials', async () => {
    const { engine, tag } = connect()
    const { host } = await startTestRegistry()
    const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
    const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [host]: { auth } } }), DOCKER_CONFIG: '/nonexistent' }
    onTestFinished(async () => {
      for (const image of [tag, `${host}/app:1`]) await removeImage(engine, image)
    })
    await buildImage(engine, { dockerfile: `FROM ${host}/app:1\n`, tag, credentialSources: { env } })
    expect(await getImageHomeDir(engine, tag)).toBe('/pulled')
  })

  test('rejects with IMAGE_PULL_FAILED for an unreachable registry, and with IMAGE_NOT_FOUND for an id', async () => {
    const { engine } = connect()
    await expect(pullImage(engine, '127.0.0.1:1/capstan/nowhere:1')).rejects.toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      facts: { registryText: expect.stringMatching(/connection refused/) },
    })
    await expect(pullImage(engine, `sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' })
    await expect(pullImage(engine, '127.0.0.1:1/UPPER')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('reports a missing image, and /root as its home', async () => {
    const { engine, tag } = connect()
    expect(await imageExists(engine, tag)).toBe(false)
    expect(await getImageHomeDir(engine, tag)).toBe('/root')
    expect(await getImageHomeDir(engine, 'not a reference')).toBe('/root')
  })

  test('reads the home of an image from its environment, or else from its user', async () => {
    const { engine, tag } = connect()
    await buildImage(engine, { dockerfile: `${from}USER capstan:root\n`, tag })
    expect(await getImageHomeDir(engine, tag)).toBe('/home/capstan')
    await buildImage(engine, { dockerfile: `${from}ENV HOME=/srv/x=y\nUSER capstan\n`, tag })
    expect(await getImageHomeDir(engine, tag)).toBe('/srv/x=y')
  })

  test('removes by tag and by id with all tags, repeatedly, and rejects with IN_USE and the users', async () => {
    const { engine, tag, instance } = connect()
    await buildImage(engine, { dockerfile: `${from}ENV X=${tag}\n`, tag })
    const other = `${tag}-other`
    await buildImage(engine, { dockerfile: `${from}ENV X=${tag}\n`, tag: other })
    const name = `capstan-test-${randomUUID()}`
    const api = await engine.api({ operation: 'test', subject: name })
    await api.createContainer({ _query: { name }, _body: { Image: tag, Labels: engine.ownerLabels } })
    await expect(removeImage(engine, tag)).rejects.toMatchObject({ code: 'IN_USE', facts: { users: [name] } })
    await api.getContainer(name).remove({ force: true })
    await removeImage(engine, other)
    await removeImage(engine, other)
    const [image] = await listImages(engine, { labels: { 'capstan.owner.instance': instance } })
    await engine.sendJson({
      ...{ operation: 'test', subject: tag, method: 'POST', path: `/images/${tag}/tag` },
      query: { repo: 'capstan-test-image', tag: `${tag.split(':')[1]}-second` },
    })
    await removeImage(engine, image?.id ?? '')
    await removeImage(engine, image?.id ?? '')
    expect(await listImages(engine, { labels: { 'capstan.owner.instance': instance } })).toEqual([])
  })

  test('rejects with IN_USE for the base of another image, and removes it after that image', async () => {
    const { engine, tag, instance } = connectClassic()
    await buildImage(engine, { dockerfile: `${from}ENV X=${tag}\n`, tag })
    const [image] = await listImages(engine, { labels: { 'capstan.owner.instance': instance } })
    const child = `${tag}-child`
    await buildImage(engine, { dockerfile: `FROM ${tag}\nENV Y=1\nENV Z=1\n`, tag: child })
    for (const reference of [image?.id ?? '', tag]) {
      await expect(removeImage(engine, reference)).rejects.toMatchObject({ code: 'IN_USE' })
    }
    expect(await imageExists(engine, tag)).toBe(true)
    await removeImage(engine, child)
    await removeImage(engine, tag)
    expect(await listImages(engine, { labels: { 'capstan.owner.instance': instance } })).toEqual([])
  })

  test('saves an image and loads it again', async () => {
    const { engine, tag } = connect()
    const transfer = new DockerImageTransfer(engine)
    await buildImage(engine, { dockerfile: `${from}ENV X=${tag}\n`, tag })
    const archive = await (await transfer.saveImage(tag)).toArray()
    await removeImage(engine, tag)
    expect(await transfer.loadImages(Readable.from(archive))).toEqual([tag])
    expect(await imageExists(engine, tag)).toBe(true)
  })

  test('rejects with OPERATION_FAILED for a tar without an image, though the engine answers 200', async () => {
    const { engine } = connect()
    const transfer = new DockerImageTransfer(engine)
    const empty = pack()
    empty.entry({ name: 'x' }, 'x')
    empty.finalize()
    for (const tar of [Readable.from([Buffer.alloc(100)]), empty as AsyncIterable<Uint8Array>]) {
      await expect(transfer.loadImages(tar)).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    }
  })

  test('rejects with the error of the archive stream', async () => {
    const { engine } = connect()
    const broken = new Error('my disk')
    async function* read(): AsyncIterable<Uint8Array> {
      yield Buffer.alloc(1000)
      throw broken
    }
    await expect(new DockerImageTransfer(engine).loadImages(read())).rejects.toBe(broken)
  })

  test('fails the archive with the reason of an abort, and rejects with IMAGE_NOT_FOUND for a missing image', async () => {
    const { engine, tag } = connect()
    const transfer = new DockerImageTransfer(engine)
    await expect(transfer.saveImage(tag)).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND', facts: { image: tag } })
    const abort = new AbortController()
    const reason = new Error('enough')
    const stream = await transfer.saveImage(testEngine.image, abort)
    stream.once('data', () => abort.abort(reason))
    await expect(stream.toArray()).rejects.toBe(reason)
  })

  // Podman reports no pause for the commit.
  test.skipIf(isPodman)(
    'leaves a container running and no image when a commit is aborted while it is paused',
    async () => {
      const { engine, tag } = connect()
      const runtime = new DockerRuntime(engine)
      const script = 'dd if=/dev/urandom of=/large bs=1M count=60 2>&1 && echo written && sleep 1000'
      const id = await runtime.createContainer({ image: testEngine.image, command: ['sh', '-c', script] })
      onTestFinished(() => runtime.removeContainer(id))
      await runtime.startContainer(id)
      await using log = await runtime.containerLogs(id, { follow: true })
      for await (const { bytes } of log) if (Buffer.from(bytes).includes('written')) break
      const abort = new AbortController()
      const committing = new DockerImageManager(engine).commitContainer(id, { tag, signal: abort.signal })
      const settled = committing.catch((error: unknown) => error)
      await vi.waitFor(async () => expect(await runtime.containerState(id)).toBe('paused'), {
        interval: 5,
        timeout: 20_000,
      })
      abort.abort('enough')
      expect(await settled).toBe('enough')
      expect(await runtime.containerState(id)).toBe('running')
      expect(await imageExists(engine, tag)).toBe(false)
    },
  )
})
