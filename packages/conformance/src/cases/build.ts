import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuildOptions, type BuildProgress, imageBuilderCapability } from '@capstan/core'
import { findTemporaryDirectory } from '@capstan/core/plugin'
import { expect, expectEqual, expectIncludes } from '../assert/expect.js'
import { expectHostError, expectReason } from '../assert/expect-rejection.js'
import { eventually, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectPrints, runAttached } from '../steps/containers.js'
import { buildImage } from '../steps/images.js'
import { inBackground } from '../steps/in-background.js'
import { toPlatform } from '../steps/platform.js'

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
      const { bytes } = await runAttached(context, {
        image: tag,
        command: context.programs.read('/copied/bytes.bin'),
      })
      expectEqual([...bytes], [0, 255, 10], 'the bytes')
    },
  },
  'BLD-003': {
    title: 'COPY copies files of a directory except those that .dockerignore excludes',
    run: async (context) => {
      const directory = await makeContext(context)
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
      const directory = await makeContext(context)
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
  'BLD-007': {
    title:
      'buildImage rejects with BUILD_FAILED, the exit code and the last lines when RUN exits with 9, and creates no image',
    run: async (context) => {
      const dockerfile = `FROM ${context.image}\nRUN echo on the way; exit 9\n`
      const { facts } = await expectBuildFailed(context, dockerfile)
      expectEqual(facts.exitCode, 9, 'the exit code')
      expectIncludes(facts.command ?? '', 'exit 9', 'the command')
      expectIncludes(facts.lastLines.join('\n'), 'on the way', 'the last lines')
    },
  },
  'BLD-008': {
    title: 'buildImage rejects with BUILD_FAILED on a syntax error, and creates no image',
    run: async (context) => {
      await expectBuildFailed(context, `FROM ${context.image}\nCONFORM to nothing\n`)
    },
  },
  'BLD-009': {
    title: 'buildImage rejects with BUILD_FAILED when COPY names a file that the context lacks',
    run: async (context) => {
      await expectBuildFailed(context, `FROM ${context.image}\nCOPY absent /absent\n`)
    },
  },
  'BLD-010': {
    title: 'buildImage rejects with BUILD_FAILED when the base image does not exist',
    run: async (context) => {
      await expectBuildFailed(context, 'FROM 127.0.0.1:1/conformance/absent:1\n')
    },
  },
  'BLD-011': refusesContext('".." in the name of a context file', { '../outside': 'no' }),
  'BLD-012': refusesContext('an absolute name of a context file', { '/outside': 'no' }),
  'BLD-013': {
    title: 'a symbolic link out of the context directory rejects with INVALID_ARGUMENT, and nothing is built',
    run: async (context) => {
      const directory = await makeContext(context)
      await symlink('/etc/passwd', join(directory, 'link'))
      await expectNotBuilt(context, `FROM ${context.image}\nCOPY . /copied\n`, { context: { directory } })
    },
  },
  'BLD-014': {
    title: 'an empty Dockerfile rejects with INVALID_ARGUMENT',
    run: async (context) => await expectNotBuilt(context, ' \n', {}, 'dockerfile'),
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
      const dockerfile = [
        `FROM ${context.image} AS maker`,
        'RUN echo made > /made',
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
      const events: BuildProgress[] = []
      const dockerfile = `FROM ${context.image}\nRUN echo printed by a step\n`
      await buildImage(context, dockerfile, { noCache: true, onProgress: (event) => void events.push(event) })
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
      const old = (await runtime.listImages()).find(({ tags }) => tags.includes(tag))
      // The first image loses its tag, so it is removed by id after the case.
      context.defer('the old image', async (own) => (old === undefined ? undefined : runtime.removeImage(old.id, own)))
      await builder.buildImage(`FROM ${context.image}\nENV SAID=new\n`, tag, { signal })
      await expectPrints(context, { image: tag, command: context.programs.variable('SAID') }, 'new')
    },
  },
  'BLD-020': {
    title: 'labels of the options and of the Dockerfile are set on the image',
    run: async (context) => {
      const dockerfile = `FROM ${context.image}\nLABEL conformance.file=one\n`
      const tag = await buildImage(context, dockerfile, { labels: { 'conformance.option': 'two' } })
      const image = (await context.runtime.listImages()).find(({ tags }) => tags.includes(tag))
      const found = [image?.labels['conformance.file'], image?.labels['conformance.option']]
      expectEqual(found, ['one', 'two'], 'the labels')
    },
  },
  'BLD-021': {
    title: 'aborting buildImage rejects in time with the reason itself, and creates no image',
    run: async (context) => {
      const tag = `${context.uniqueName('aborted')}:1`
      const controller = new AbortController()
      const heard: BuildProgress[] = []
      const onProgress = (event: BuildProgress) => void heard.push(event)
      const options = { noCache: true, signal: controller.signal, onProgress }
      const dockerfile = `FROM ${context.image}\nRUN sleep 20\n`
      const building = inBackground(context.require(imageBuilderCapability).buildImage(dockerfile, tag, options))
      await eventually('the step that takes long', () => heard.find(({ text }) => text.includes('sleep 20')))
      const reason = new Error('built enough')
      controller.abort(reason)
      await expectReason(reason, () => within(5000, 'the rejection', building.result))
      expectEqual(await context.runtime.imageExists(tag), false, 'imageExists')
    },
  },
  'BLD-022': {
    title: 'buildImage accepts the platform of this machine',
    requiredOptions: ['build.platform'],
    run: async (context) => {
      const tag = await buildImage(context, `FROM ${context.image}\nENV SAID=yes\n`, { platform: toPlatform() })
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
    run: async (context) => {
      const dockerfile = `FROM ${context.image}\nCOPY . /copied\n`
      const kept = [{ '.dockerignore': '*.log\n' }, { '.dockerignore': '# nothing\n', Dockerfile: dockerfile }]
      const dropped = [{}, { '.dockerignore': '.dockerignore\n' }]
      for (const own of [...kept, ...dropped]) {
        const files: Readonly<Record<string, string>> = { note: 'copied', ...own }
        const image = await buildImage(context, dockerfile, { context: { files } })
        const read = (path: string) => runAttached(context, { image, command: context.programs.read(path) })
        expectEqual((await read('/copied/note')).stdout, 'copied', 'a file of the context')
        const rules = await read('/copied/.dockerignore')
        const isKept = kept.some((one) => one === own)
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
      const heard: BuildProgress[] = []
      // The Dockerfile does not contain the printed line, because builders print the Dockerfile as well.
      const dockerfile = `FROM ${context.image}\nRUN printf '%s-%s\\n' ${word} aloud\n`
      const onProgress = (event: BuildProgress) => void heard.push(event)
      const tag = await buildImage(context, dockerfile, { tags, noCache: true, onProgress })
      const images = (await context.runtime.listImages()).filter((image) => image.tags.includes(tag))
      expectEqual(images.length, 1, `how many images have the tag "${tag}"`)
      expectEqual([...(images[0]?.tags ?? [])].toSorted(), [tag, ...tags].toSorted(), 'the tags')
      const printed = heard.filter(({ text }) => text.includes(`${word}-aloud`))
      expectEqual(printed.length, 1, 'how often the step has printed its line')
    },
  },
  'BLD-028': {
    title: 'an invalid additional tag rejects with INVALID_ARGUMENT and its field, and nothing is built',
    run: async (context) => {
      const further = `${context.uniqueName('further')}:1`
      await expectNotBuilt(context, `FROM ${context.image}\n`, { tags: [further, '-bad'] }, 'tags[1]')
      expectEqual(await context.runtime.imageExists(further), false, 'imageExists of the good further tag')
    },
  },
  'BLD-029': {
    title: 'a failed build creates none of its tags, and a tag of an earlier image keeps that image',
    run: async (context) => {
      const { image, runtime, signal } = context
      const taken = await buildImage(context, `FROM ${image}\nENV SAID=earlier\n`)
      const [tag, free] = [`${context.uniqueName('failed')}:1`, `${context.uniqueName('free')}:1`]
      const builder = context.require(imageBuilderCapability)
      const build = () => builder.buildImage(`FROM ${image}\nRUN exit 9\n`, tag, { tags: [taken, free], signal })
      await expectHostError('BUILD_FAILED', build)
      for (const made of [tag, free]) expectEqual(await runtime.imageExists(made), false, `imageExists of ${made}`)
      await expectPrints(context, { image: taken, command: context.programs.variable('SAID') }, 'earlier')
    },
  },
  'BLD-030': {
    title: 'an aborted build creates none of its tags, and a tag of an earlier image keeps that image',
    run: async (context) => {
      const { image, runtime } = context
      const taken = await buildImage(context, `FROM ${image}\nENV SAID=earlier\n`)
      const [tag, free] = [`${context.uniqueName('aborted')}:1`, `${context.uniqueName('free')}:1`]
      const controller = new AbortController()
      const heard: BuildProgress[] = []
      const onProgress = (event: BuildProgress) => void heard.push(event)
      const options = { tags: [taken, free], noCache: true, signal: controller.signal, onProgress }
      const builder = context.require(imageBuilderCapability)
      const building = inBackground(builder.buildImage(`FROM ${image}\nRUN sleep 20\n`, tag, options))
      await eventually('the step that takes long', () => heard.find(({ text }) => text.includes('sleep 20')))
      const reason = new Error('built enough')
      controller.abort(reason)
      await expectReason(reason, () => within(5000, 'the rejection', building.result))
      for (const made of [tag, free]) expectEqual(await runtime.imageExists(made), false, `imageExists of ${made}`)
      await expectPrints(context, { image: taken, command: context.programs.variable('SAID') }, 'earlier')
    },
  },
})

function refusesContext(what: string, files: Readonly<Record<string, string>>): CaseDefinition {
  return {
    title: `${what} rejects with INVALID_ARGUMENT, and nothing is built`,
    run: async (context) =>
      await expectNotBuilt(context, `FROM ${context.image}\nCOPY . /copied\n`, { context: { files } }),
  }
}

async function expectBuildFailed(context: CaseContext, dockerfile: string) {
  const tag = `${context.uniqueName('failed')}:1`
  const { runtime, signal } = context
  const builder = context.require(imageBuilderCapability)
  const error = await expectHostError('BUILD_FAILED', () => builder.buildImage(dockerfile, tag, { signal }))
  expectEqual(await runtime.imageExists(tag), false, 'imageExists after the failure')
  return error
}

async function expectNotBuilt(
  context: CaseContext,
  dockerfile: string,
  options: BuildOptions,
  field?: string,
): Promise<void> {
  const tag = `${context.uniqueName('refused')}:1`
  const build = () => context.require(imageBuilderCapability).buildImage(dockerfile, tag, options)
  await expectHostError('INVALID_ARGUMENT', build, field === undefined ? {} : { field })
  expectEqual(await context.runtime.imageExists(tag), false, 'imageExists after the refusal')
}

async function makeContext(context: CaseContext): Promise<string> {
  const directory = await mkdtemp(join(findTemporaryDirectory(context.env), 'conformance-'))
  context.defer(directory, () => rm(directory, { recursive: true, force: true }))
  return directory
}
