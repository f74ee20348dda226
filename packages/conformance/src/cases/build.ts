import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { imageBuilderCapability } from '@capstan/core'
import { expect, expectEqual, expectIncludes } from '../assert/expect.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectPrints, runAttached } from '../steps/containers.js'
import { createDirectory } from '../steps/directories.js'
import { buildImage, findImage, getPlatform, recordProgress } from '../steps/images.js'

export const buildCases: readonly ConformanceCase[] = defineCases(imageBuilderCapability, {
  'BLD-001': {
    title: 'buildImage resolves when the image has its tag, and the image runs',
    run: async (context) => {
      const tag = await buildImage(context, `FROM ${context.image}\nCMD ["echo", "built"]\n`)
      expectEqual(await context.runtime.imageExists(tag), true, 'imageExists')
      await expectPrints(context, { image: tag }, 'built')
    },
  },
  'BLD-002': {
    title: 'COPY copies a context file given as text or bytes',
    run: async (context) => {
      const files = { 'note.txt': 'from the context\n', 'bytes.bin': Buffer.from([0, 255, 10]) }
      const tag = await buildImage(context, `FROM ${context.image}\nCOPY note.txt bytes.bin /copied/\n`, {
        context: { files },
      })
      await expectPrints(
        context,
        { image: tag, command: context.programs.read('/copied/note.txt') },
        'from the context',
      )
      const { bytes } = await runAttached(context, { image: tag, command: context.programs.read('/copied/bytes.bin') })
      expectEqual([...bytes], [0, 255, 10], 'the bytes')
    },
  },
  'BLD-003': {
    title: 'COPY copies files of a directory except those that .dockerignore excludes',
    run: async (context) => {
      const directory = await createDirectory(context)
      await writeFile(join(directory, '.dockerignore'), 'secret*\n')
      await writeFile(join(directory, 'public'), 'public\n')
      await writeFile(join(directory, 'secret.key'), 'secret\n')
      const tag = await buildImage(context, `FROM ${context.image}\nCOPY . /copied\n`, { context: { directory } })
      await expectPrints(context, { image: tag, command: context.programs.read('/copied/public') }, 'public')
      const secret = await runAttached(context, { image: tag, command: context.programs.read('/copied/secret.key') })
      expect(secret.exitCode !== 0, 'no such file in the image', secret.stdout)
    },
  },
  'BLD-004': {
    title: 'files of a directory keep their modes',
    run: async (context) => {
      const directory = await createDirectory(context)
      await mkdir(join(directory, 'bin'))
      await writeFile(join(directory, 'bin/program'), 'text\n')
      await chmod(join(directory, 'bin/program'), 0o750)
      const tag = await buildImage(context, `FROM ${context.image}\nCOPY bin/program /program\n`, {
        context: { directory },
      })
      await expectPrints(context, { image: tag, command: context.programs.permissions('/program') }, '750')
    },
  },
  'BLD-005': {
    title: 'ENV, WORKDIR, USER and ENTRYPOINT apply to containers of the image',
    requiredOptions: ['entrypoint'],
    run: async (context) => {
      const [entry = '', ...rest] = context.programs.variable('SAID')
      const entrypoint = JSON.stringify([entry])
      const lines = ['ENV SAID=hello', 'WORKDIR /srv', `ENTRYPOINT ${entrypoint}`, `CMD ${JSON.stringify(rest)}`]
      const tag = await buildImage(context, `FROM ${context.image}\n${lines.join('\n')}\nUSER 1234\n`)
      await expectPrints(context, { image: tag }, 'hello')
      await expectPrints(context, { image: tag, entrypoint: context.programs.directory() }, '/srv')
      await expectPrints(context, { image: tag, entrypoint: context.programs.user() }, '1234')
    },
  },
  'BLD-006': {
    title: 'RUN runs the command and keeps the files that it writes in the image',
    run: async (context) => {
      const tag = await buildImage(context, `FROM ${context.image}\nRUN echo made > /made\n`)
      await expectPrints(context, { image: tag, command: context.programs.read('/made') }, 'made')
    },
  },
  'BLD-015': {
    title: 'buildArgs set the values of ARG',
    run: async (context) => {
      const dockerfile = `FROM ${context.image}\nARG WORD=unset\nENV SAID=$WORD\n`
      const tag = await buildImage(context, dockerfile, { buildArgs: { WORD: 'given' } })
      await expectPrints(context, { image: tag, command: context.programs.variable('SAID') }, 'given')
    },
  },
  'BLD-016': {
    title: 'target is the last stage that is built; without it the last stage of the Dockerfile is',
    run: async (context) => {
      const [first, last] = ['first', 'last'].map((name) => `FROM ${context.image} AS ${name}\nENV STAGE=${name}\n`)
      const command = context.programs.variable('STAGE')
      const stopped = await buildImage(context, `${first}${last}`, { target: 'first' })
      await expectPrints(context, { image: stopped, command }, 'first')
      const whole = await buildImage(context, `${first}${last}`)
      await expectPrints(context, { image: whole, command }, 'last')
    },
  },
  'BLD-017': {
    title: 'COPY --from copies a file of an earlier stage',
    run: async (context) => {
      const { runtime, uniqueName } = context
      const labels = { 'conformance.stage': uniqueName('stage') }
      // Builders keep the images of earlier stages, which have no tags and no labels of the owner, as their cache.
      context.defer('images of the first stage', async (options) => {
        for (const { id } of await runtime.listImages({ ...options, labels })) await runtime.removeImage(id, options)
      })
      const dockerfile = [
        `FROM ${context.image} AS maker`,
        'RUN echo made > /made',
        `LABEL conformance.stage=${labels['conformance.stage']}`,
        `FROM ${context.image}`,
        'COPY --from=maker /made /taken',
        '',
      ].join('\n')
      const tag = await buildImage(context, dockerfile)
      await expectPrints(context, { image: tag, command: context.programs.read('/taken') }, 'made')
    },
  },
  'BLD-018': {
    title: 'onProgress gets the output of the steps',
    run: async (context) => {
      const { events, onProgress } = recordProgress()
      await buildImage(context, `FROM ${context.image}\nRUN echo printed by a step\n`, { noCache: true, onProgress })
      expectIncludes(events.map(({ text }) => text).join('\n'), 'printed by a step', 'the progress')
      expect(!events.some(({ text }) => text.endsWith('\n')), 'lines without their ends', events)
    },
  },
  'BLD-019': {
    title: 'building a tag again moves the tag to the new image',
    run: async (context) => {
      const { runtime, signal } = context
      const builder = context.require(imageBuilderCapability)
      const tag = await buildImage(context, `FROM ${context.image}\nENV SAID=old\n`)
      const old = await findImage(context, tag)
      // The first image loses its tag, so it is removed by id after the case.
      context.defer('the old image', async (options) =>
        old === undefined ? undefined : runtime.removeImage(old.id, options),
      )
      await builder.buildImage(`FROM ${context.image}\nENV SAID=new\n`, tag, { signal })
      await expectPrints(context, { image: tag, command: context.programs.variable('SAID') }, 'new')
    },
  },
  'BLD-020': {
    title: 'labels of the options and of the Dockerfile are set on the image',
    run: async (context) => {
      const dockerfile = `FROM ${context.image}\nLABEL conformance.file=one\n`
      const tag = await buildImage(context, dockerfile, { labels: { 'conformance.option': 'two' } })
      const { labels = {} } = (await findImage(context, tag)) ?? {}
      const found = [labels['conformance.file'], labels['conformance.option']]
      expectEqual(found, ['one', 'two'], 'the labels')
    },
  },
  'BLD-022': {
    title: 'buildImage accepts the platform of this machine',
    requiredOptions: ['build.platform'],
    run: async (context) => {
      const tag = await buildImage(context, `FROM ${context.image}\nENV SAID=yes\n`, { platform: getPlatform() })
      expectEqual(await context.runtime.imageExists(tag), true, 'imageExists')
    },
  },
  'BLD-023': {
    title: 'dns sets the name servers of RUN',
    requiredOptions: ['build.dns'],
    run: async (context) => {
      const dockerfile = `FROM ${context.image}\nRUN cat /etc/resolv.conf > /servers\n`
      const tag = await buildImage(context, dockerfile, { dns: ['192.0.2.53'] })
      const { stdout } = await runAttached(context, { image: tag, command: context.programs.read('/servers') })
      expectIncludes(stdout, '192.0.2.53', 'the name servers')
    },
  },
  'BLD-026': {
    title: 'COPY of the whole context includes .dockerignore unless it excludes itself',
    // It waits for four builds and their containers, one after the other.
    timeLimitFactor: 2,
    run: async (context) => {
      const dockerfile = `FROM ${context.image}\nCOPY . /copied\n`
      const kept = [{ '.dockerignore': '*.log\n' }, { '.dockerignore': '# nothing\n', Dockerfile: dockerfile }]
      const dropped = [{}, { '.dockerignore': '.dockerignore\n' }]
      for (const extraFiles of [...kept, ...dropped]) {
        const files: Readonly<Record<string, string>> = { note: 'copied', ...extraFiles }
        const image = await buildImage(context, dockerfile, { context: { files } })
        const read = (path: string) => runAttached(context, { image, command: context.programs.read(path) })
        const [note, rules] = await Promise.all([read('/copied/note'), read('/copied/.dockerignore')])
        expectEqual(note.stdout, 'copied', 'a file of the context')
        const isKept = kept.some((one) => one === extraFiles)
        expectEqual(rules.stdout, isKept ? files['.dockerignore'] : '', '.dockerignore in the image')
        expectEqual(rules.exitCode === 0, isKept, 'whether .dockerignore is in the image')
      }
    },
  },
  'BLD-027': {
    title: 'tags name the same image, and its steps run once',
    run: async (context) => {
      const word = context.uniqueName('said')
      const tags = [`${context.uniqueName('second')}:1`, `${context.uniqueName('third')}:1`]
      const { events, onProgress } = recordProgress()
      // The Dockerfile does not contain the printed line, because builders print the Dockerfile as well.
      const dockerfile = `FROM ${context.image}\nRUN printf '%s-%s\\n' ${word} aloud\n`
      const tag = await buildImage(context, dockerfile, { tags, noCache: true, onProgress })
      const images = (await context.runtime.listImages()).filter((image) => image.tags.includes(tag))
      expectEqual(images.length, 1, `how many images have the tag "${tag}"`)
      expectEqual([...(images[0]?.tags ?? [])].toSorted(), [tag, ...tags].toSorted(), 'the tags')
      const printed = events.filter(({ text }) => text.includes(`${word}-aloud`))
      expectEqual(printed.length, 1, 'how often the step has printed its line')
    },
  },
})
