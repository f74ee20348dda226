import { writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BuildProgress } from '@capstan/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { MemoryFault, MemoryProgram } from '../../src/index.js'
import { runToEnd } from '../support/collect.js'
import { listObjects, noObjects, type OpenMemory, openMemory } from '../support/open-memory.js'

describe('buildImage', () => {
  it('builds an image from scratch with a copied program, which runs', async () => {
    const hello: MemoryProgram = async ({ argv, env, stdout }) =>
      Number(!stdout.write(`hello ${env.WHO} ${argv.join(' ')}\n`) && 0)
    await using memory = await openMemory({ commands: { hello } })
    const dockerfile = 'FROM scratch\nCOPY hello /\nENV WHO=me\nENTRYPOINT ["/hello"]\nCMD ["x"]'
    const context = { files: { hello: '#!program' } }
    await memory.builder.buildImage(dockerfile, 'app:1', { context })
    expect(await runToEnd(memory.runtime, { image: 'app:1' })).toMatchObject({
      exitCode: 0,
      stdout: 'hello me /hello x\n',
    })
  })

  it('rejects a file without a program', async () => {
    await using memory = await openMemory()
    const context = { files: { hello: '#!/none' } }
    await memory.builder.buildImage('FROM scratch\nCOPY --chmod=644 hello /x\nCOPY hello /\nCMD ["/hello"]', 'app', {
      context,
    })
    for (const command of [['/hello'], ['/x']]) {
      const id = await memory.runtime.createContainer({ image: 'app', command })
      await expect(memory.runtime.startContainer(id)).rejects.toMatchObject({ facts: { exitCode: 126 } })
    }
  })

  it('runs RUN in both forms with variables, user and directory, and keeps the files that it writes', async () => {
    await using memory = await openMemory()
    const lines = await build(
      memory,
      `FROM busybox
ARG GIVEN=default
ENV SET=$GIVEN
USER 7
WORKDIR /w
RUN echo $SET $GIVEN && \\
  # a comment between
  id -u; pwd; echo kept > file
RUN ["echo", "a  b"]
CMD cat file`,
      { buildArgs: { GIVEN: 'given' } },
    )
    expect(lines.filter((line) => !line.startsWith('Step'))).toEqual(['given given', '7', '/w', 'a  b'])
    expect((await runToEnd(memory.runtime, { image: 'app' })).stdout).toBe('kept\n')
  })

  it('creates the directories of VOLUME in both forms', async () => {
    await using memory = await openMemory()
    await memory.builder.buildImage(
      'FROM busybox\nVOLUME /one two\nVOLUME ["/has space"]\nCMD cd /one; cd /two; cd "/has space"; pwd',
      'app',
    )
    expect(await runToEnd(memory.runtime, { image: 'app' })).toMatchObject({ exitCode: 0, stdout: '/has space\n' })
  })

  it('reports each step and each line of output with its stream', async () => {
    await using memory = await openMemory()
    const progress: BuildProgress[] = []
    const onProgress = (event: BuildProgress) => void progress.push(event)
    await memory.builder.buildImage('FROM busybox\nRUN echo out; echo -n err >&2', 'app', { onProgress })
    expect(progress).toEqual([
      { step: 1, totalSteps: 2, text: 'Step 1/2 : FROM busybox', stream: 'stdout' },
      { step: 2, totalSteps: 2, text: 'Step 2/2 : RUN echo out; echo -n err >&2', stream: 'stdout' },
      { step: 2, totalSteps: 2, text: 'out', stream: 'stdout' },
      { step: 2, totalSteps: 2, text: 'err', stream: 'stderr' },
    ])
  })

  it('reports whole characters when they are written in parts', async () => {
    await using memory = await openMemory()
    const texts: string[] = []
    const onProgress = ({ text }: BuildProgress) => void texts.push(text)
    const dockerfile = String.raw`FROM busybox
RUN printf '\342\202'; printf '\254'`
    await memory.builder.buildImage(dockerfile, 'app', { onProgress })
    expect(texts.at(-1)).toBe('€')
  })

  it('builds stages up to the target, and copies from stages and images', async () => {
    await using memory = await openMemory()
    const dockerfile = `FROM busybox AS base
WORKDIR /out
RUN echo one > a; echo two > b
FROM scratch AS middle
COPY --from=base /out/a /copied
FROM busybox
COPY --from=middle / /from-middle/
COPY --from=0 /out /from-base
COPY --from=busybox /etc/passwd /p`
    await memory.builder.buildImage(dockerfile, 'app')
    const command = ['sh', '-c', 'cat /from-middle/copied /from-base/b; ls /from-base; head -n 1 /p']
    expect((await runToEnd(memory.runtime, { image: 'app', command })).stdout).toBe(
      'one\ntwo\na\nb\nroot:x:0:0:root:/root:/bin/sh\n',
    )
    await memory.builder.buildImage(dockerfile, 'some', { target: 'middle' })
    const [some] = (await memory.runtime.listImages()).filter(({ tags }) => tags.includes('some:latest'))
    expect(some?.sizeBytes).toBe(4)
    await expect(memory.builder.buildImage(dockerfile, 'x', { target: 'none' })).rejects.toThrow('no stage "none"')
  })

  it('copies an ignored directory with the files that .dockerignore includes again', async () => {
    await using memory = await openMemory()
    const context = { files: { 'd/a': 'a', 'd/b': 'b', 'd/e/c': 'c', '.dockerignore': 'd\n!d/e' } }
    await build(memory, 'FROM busybox\nCOPY d /x\nCOPY d/e/ /y/', { context })
    const command = ['sh', '-c', 'ls /x; ls /y; cat /x/e/c']
    expect((await runToEnd(memory.runtime, { image: 'app', command })).stdout).toBe('e\nc\nc')
  })

  it('copies files, the contents of directories, and patterns to the same paths as docker', async () => {
    await using memory = await openMemory()
    const context = { files: { 'a.txt': 'a', 'b.txt': 'b', 'd/c.txt': 'c', '.dockerignore': 'b.txt' } }
    const dockerfile = `FROM busybox
COPY a.txt /renamed
COPY a.txt /dir/
COPY *.txt d/?.txt /many/
COPY . /all
COPY d /all/x
COPY a.txt /dir/e
COPY d/c.txt /dir
WORKDIR /rel
COPY a.txt here
COPY a.txt d/c.txt .`
    await build(memory, dockerfile, { context })
    const list = async (path: string) =>
      (await runToEnd(memory.runtime, { image: 'app', command: ['ls', path] })).stdout.trim().split('\n')
    expect((await runToEnd(memory.runtime, { image: 'app', command: ['cat', '/renamed'] })).stdout).toBe('a')
    expect(await list('/dir')).toEqual(['a.txt', 'c.txt', 'e'])
    expect(await list('/many')).toEqual(['a.txt', 'c.txt'])
    expect(await list('/all')).toEqual(expect.arrayContaining(['a.txt', 'd', 'x']))
    expect(await list('/all')).not.toContain('b.txt')
    expect(await list('/all/x')).toEqual(['c.txt'])
    expect(await list('/rel')).toEqual(['a.txt', 'c.txt', 'here'])
  })

  it('copies names that begin with dots, and reads only files that are copied', async () => {
    await using memory = await openMemory()
    const directory = await mkdtemp(join(tmpdir(), 'capstan-copied-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    await mkdir(join(directory, 'd'))
    for (const name of ['d/..file', 'other']) await writeFile(join(directory, name), name)
    // The file has changed since it was listed, so a build that reads it fails.
    const onProgress = () => writeFileSync(join(directory, 'other'), 'something longer')
    await memory.builder.buildImage('FROM busybox\nCOPY d /d', 'app', { context: { directory }, onProgress })
    expect((await runToEnd(memory.runtime, { image: 'app', command: ['cat', '/d/..file'] })).stdout).toBe('d/..file')
  })

  it('accepts flags about the platform, owners and layers, which a simulated image does not have', async () => {
    await using memory = await openMemory()
    const context = { files: { a: 'a' } }
    await build(memory, 'FROM --platform=$BUILDPLATFORM busybox\nCOPY --chown=7 --link a /x', { context })
    expect((await runToEnd(memory.runtime, { image: 'app', command: ['cat', '/x'] })).stdout).toBe('a')
  })

  it('sets ARGs before FROM and those that every builder sets', async () => {
    await using memory = await openMemory()
    const dockerfile = `ARG NAME=busybox
ARG TAG=latest
FROM \${NAME}:\${TAG}
ARG TAG
ARG TARGETARCH
RUN echo $TAG [$NAME] $TARGETARCH`
    const lines = await build(memory, dockerfile, { platform: 'linux/arm64' })
    expect(lines.at(-1)).toBe('latest [] arm64')
  })

  it('has the same id for the same content, and moves the tag to the last image', async () => {
    await using memory = await openMemory()
    const build = async (value: number) => {
      await memory.builder.buildImage(`FROM busybox\nENV A=${value}`, 'app:1')
      return (await memory.runtime.listImages()).find(({ tags }) => tags.includes('app:1'))?.id
    }
    const [first, second, third] = [await build(1), await build(2), await build(1)]
    expect(first).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect([second === first, third === first]).toEqual([false, true])
  })

  it('builds once for several tags of one image', async () => {
    await using memory = await openMemory()
    const lines = await build(memory, 'FROM busybox\nRUN echo once', { tags: ['app:2', 'other', 'app:2'] })
    expect(lines.filter((line) => line === 'once')).toEqual(['once'])
    const images = (await memory.runtime.listImages()).filter(({ tags }) => !tags.includes('busybox:latest'))
    expect(images.map(({ tags }) => tags)).toEqual([['app:latest', 'app:2', 'other:latest']])
  })

  it('rejects with INVALID_ARGUMENT for an invalid further tag before any step runs', async () => {
    await using memory = await openMemory()
    const lines: string[] = []
    const options = { tags: ['app:2', '-bad'], onProgress: ({ text }: BuildProgress) => void lines.push(text) }
    await expect(memory.builder.buildImage('FROM busybox', 'app', options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'tags[1]' },
    })
    expect(lines).toEqual([])
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('restores each tag to its earlier image when it fails after tagging', async () => {
    const faults: MemoryFault[] = []
    await using memory = await openMemory({ faults })
    await memory.builder.buildImage('FROM busybox\nENV OLD=1', 'app', { tags: ['app:2'] })
    const before = await memory.runtime.listImages()
    const controller = new AbortController()
    faults.push({ operation: 'buildImage', after: true, hang: true })
    const options = { tags: ['app:2', 'app:3'], signal: controller.signal }
    const building = memory.builder.buildImage('FROM busybox\nENV NEW=1', 'app', options)
    await expect.poll(() => memory.runtime.imageExists('app:3')).toBe(true)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(building).rejects.toBe(reason)
    expect(await memory.runtime.listImages()).toEqual(before)
  })

  it('pulls a missing base, and every base with pull: true', async () => {
    await using memory = await openMemory({ pullable: { 'base:1': { main: async () => 4 } } })
    await memory.builder.buildImage('FROM base:1', 'app')
    expect((await runToEnd(memory.runtime, { image: 'app' })).exitCode).toBe(4)
    await expect(memory.builder.buildImage('FROM busybox', 'x', { pull: true })).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      cause: expect.objectContaining({ code: 'IMAGE_PULL_FAILED' }),
    })
  })
})

describe('a build that fails', () => {
  it('reports step, command, exit code and the last lines', async () => {
    await using memory = await openMemory()
    await expect(memory.builder.buildImage('FROM busybox\n\nRUN seq 30; exit 9', 'x')).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      facts: {
        step: 'line 3: RUN seq 30; exit 9',
        command: 'seq 30; exit 9',
        exitCode: 9,
        lastLines: Array.from({ length: 20 }, (_, index) => String(index + 11)),
      },
    })
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it.each([
    ['an unknown instruction', 'FROM busybox\nFOO bar', 'line 2: FOO bar', 'FOO'],
    ['an instruction of other builders', 'FROM busybox\nADD a b', 'line 2: ADD a b', 'ADD'],
    ['an unknown flag', 'FROM busybox\nRUN --mount=type=cache,target=/x true', 'line 2: RUN --mount', '--mount'],
    ['a missing file', 'FROM busybox\nCOPY none /', 'line 2: COPY none /', 'none'],
    ['several sources and a target that is no directory', 'FROM busybox\nCOPY a a /x', 'line 2', 'end with /'],
    ['COPY with one word', 'FROM busybox\nCOPY none', 'line 2', 'target'],
    ['a here-document of RUN', 'FROM busybox\nRUN <<EOF\ntrue\nEOF', 'line 2', 'support here-documents'],
    ['a here-document of COPY', 'FROM busybox\nCOPY <<EOF /x\na\nEOF', 'line 2', 'support here-documents'],
    ['an unknown flag of FROM', 'FROM --keep=x busybox', 'line 1: FROM --keep=x', 'does not support --keep'],
    ['an unknown flag of COPY', 'FROM busybox\nCOPY --exclude=b a /', 'line 2', 'does not support --exclude'],
    ['an instruction before FROM', 'RUN true\nFROM busybox', 'line 1: RUN true', 'FROM'],
    ['an invalid FROM', 'FROM a b', 'line 1: FROM a b', 'AS'],
    ['an invalid mode', 'FROM busybox\nCOPY --chmod=u+x a /', 'line 2', 'octal'],
    ['USER without a value', 'FROM busybox\nUSER', 'line 2: USER', 'value'],
    ['a missing base', 'FROM none', 'line 1: FROM none', 'could not be pulled'],
  ])('reports the line of %s', async (_, dockerfile, step, word) => {
    await using memory = await openMemory()
    const failing = memory.builder.buildImage(dockerfile, 'x', { context: { files: { a: '' } } })
    await expect(failing).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      facts: { step: expect.stringContaining(step) },
    })
    await expect(failing).rejects.toThrow(word)
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('rejects a Dockerfile without FROM', async () => {
    await using memory = await openMemory()
    await expect(memory.builder.buildImage('# nothing', 'x')).rejects.toThrow('no FROM')
  })

  it('reports 127 for a command that the image does not have', async () => {
    await using memory = await openMemory()
    await expect(memory.builder.buildImage('FROM scratch\nRUN true', 'x')).rejects.toMatchObject({
      facts: { exitCode: 127, lastLines: ['/bin/sh: not found'] },
    })
  })

  it('rejects with the reason of an aborted signal and creates no image', async () => {
    await using memory = await openMemory()
    const abort = new AbortController()
    const reason = new Error('enough')
    const onProgress = ({ text }: BuildProgress) => text === 'ready' && abort.abort(reason)
    const options = { signal: abort.signal, onProgress: (event: BuildProgress) => void onProgress(event) }
    const building = memory.builder.buildImage('FROM busybox\nRUN echo ready; sleep 100', 'x', options)
    await expect(building).rejects.toBe(reason)
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('rejects paths outside the context', async () => {
    await using memory = await openMemory()
    const context = { files: { '../x': '' } }
    await expect(memory.builder.buildImage('FROM scratch', 'x', { context })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(memory.builder.buildImage('', 'x')).rejects.toMatchObject({ facts: { field: 'dockerfile' } })
  })
})

async function build({ builder }: OpenMemory, dockerfile: string, options: object): Promise<readonly string[]> {
  const lines: string[] = []
  await builder.buildImage(dockerfile, 'app', { ...options, onProgress: ({ text }) => lines.push(text) })
  return lines
}
