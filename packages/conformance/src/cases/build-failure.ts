import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuildOptions, imageBuilderCapability } from '@capstan/core'
import { expectEqual, expectIncludes } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectAborts } from '../steps/abort.js'
import { expectPrints } from '../steps/containers.js'
import { createDirectory } from '../steps/directories.js'
import { buildImage, recordProgress } from '../steps/images.js'

/** Cases of builds that fail, that are invalid or that are aborted. */
export const buildFailureCases: readonly ConformanceCase[] = defineCases(imageBuilderCapability, {
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
  'BLD-008': failsBuild(
    'on a syntax error, and creates no image',
    ({ image }) => `FROM ${image}\nCONFORM to nothing\n`,
  ),
  'BLD-009': failsBuild(
    'when COPY names a file that the context lacks',
    ({ image }) => `FROM ${image}\nCOPY absent /absent\n`,
  ),
  'BLD-010': failsBuild('when the base image does not exist', () => 'FROM 127.0.0.1:1/conformance/absent:1\n'),
  'BLD-011': rejectsContext('".." in the name of a context file', { '../outside': 'no' }),
  'BLD-012': rejectsContext('an absolute name of a context file', { '/outside': 'no' }),
  'BLD-013': {
    title: 'a symbolic link out of the context directory is copied as a link, and the file of this machine is not read',
    requiredOptions: ['build.contextLinks'],
    run: async (context) => {
      const directory = await createDirectory(context)
      const outside = join(await createDirectory(context), 'file')
      await writeFile(outside, 'of this machine')
      await writeFile(join(directory, 'inside'), 'of the context')
      await symlink(outside, join(directory, 'link'))
      await symlink('../../../absent', join(directory, 'dangling'))
      const image = await buildImage(context, `FROM ${context.image}\nCOPY . /copied\nCOPY inside ${outside}\n`, {
        context: { directory },
      })
      const command = context.programs.read('/copied/link')
      await expectPrints(context, { image, command }, 'of the context')
    },
  },
  'BLD-014': {
    title: 'an empty Dockerfile rejects with INVALID_ARGUMENT',
    run: async (context) => await expectInvalid(context, ' \n', {}, 'dockerfile'),
  },
  'BLD-021': {
    title: 'aborting buildImage rejects in time with the reason itself, and creates no image',
    run: async (context) => {
      const tag = `${context.uniqueName('aborted')}:1`
      await abortBuild(context, tag)
      expectEqual(await context.runtime.imageExists(tag), false, 'imageExists')
    },
  },
  'BLD-028': {
    title: 'an invalid additional tag rejects with INVALID_ARGUMENT and its field, and nothing is built',
    run: async (context) => {
      const further = `${context.uniqueName('further')}:1`
      await expectInvalid(context, `FROM ${context.image}\n`, { tags: [further, '-bad'] }, 'tags[1]')
      expectEqual(await context.runtime.imageExists(further), false, 'imageExists of the valid tag')
    },
  },
  'BLD-029': createsNoTag('failed', async (context, tag, tags) => {
    const { image, signal } = context
    const builder = context.require(imageBuilderCapability)
    const build = () => builder.buildImage(`FROM ${image}\nRUN exit 9\n`, tag, { tags, signal })
    await expectHostError('BUILD_FAILED', build)
  }),
  'BLD-030': createsNoTag('aborted', abortBuild),
})

function failsBuild(condition: string, toDockerfile: (context: CaseContext) => string): CaseDefinition {
  return {
    title: `buildImage rejects with BUILD_FAILED ${condition}`,
    run: async (context) => void (await expectBuildFailed(context, toDockerfile(context))),
  }
}

function rejectsContext(what: string, files: Readonly<Record<string, string>>): CaseDefinition {
  return {
    title: `${what} rejects with INVALID_ARGUMENT, and nothing is built`,
    run: async (context) =>
      await expectInvalid(context, `FROM ${context.image}\nCOPY . /copied\n`, { context: { files } }),
  }
}

function createsNoTag(
  what: 'failed' | 'aborted',
  build: (context: CaseContext, tag: string, tags: readonly string[]) => Promise<void>,
): CaseDefinition {
  return {
    title: `${what === 'failed' ? 'a' : 'an'} ${what} build creates none of its tags, and a tag of an earlier image keeps that image`,
    run: async (context) => {
      const existing = await buildImage(context, `FROM ${context.image}\nENV SAID=earlier\n`)
      const tag = `${context.uniqueName(what)}:1`
      const other = `${context.uniqueName('other')}:1`
      await build(context, tag, [existing, other])
      for (const absent of [tag, other]) {
        expectEqual(await context.runtime.imageExists(absent), false, `imageExists of ${absent}`)
      }
      await expectPrints(context, { image: existing, command: context.programs.variable('SAID') }, 'earlier')
    },
  }
}

/** Aborts a build in its step of twenty seconds. Fails unless the build rejects with the reason itself. */
async function abortBuild(context: CaseContext, tag: string, tags: readonly string[] = []): Promise<void> {
  const { events, onProgress } = recordProgress()
  const builder = context.require(imageBuilderCapability)
  const dockerfile = `FROM ${context.image}\nRUN sleep 20\n`
  const settings = { tags, noCache: true, onProgress }
  await expectAborts((options) => builder.buildImage(dockerfile, tag, { ...settings, ...options }), {
    until: () => eventually('the long step', () => events.find(({ text }) => text.includes('sleep 20'))),
  })
}

async function expectBuildFailed(context: CaseContext, dockerfile: string) {
  const tag = `${context.uniqueName('failed')}:1`
  const { runtime, signal } = context
  const builder = context.require(imageBuilderCapability)
  const error = await expectHostError('BUILD_FAILED', () => builder.buildImage(dockerfile, tag, { signal }))
  expectEqual(await runtime.imageExists(tag), false, 'imageExists after the failure')
  return error
}

async function expectInvalid(
  context: CaseContext,
  dockerfile: string,
  options: BuildOptions,
  field?: string,
): Promise<void> {
  const tag = `${context.uniqueName('invalid')}:1`
  const build = () => context.require(imageBuilderCapability).buildImage(dockerfile, tag, options)
  await expectHostError('INVALID_ARGUMENT', build, field === undefined ? {} : { field })
  expectEqual(await context.runtime.imageExists(tag), false, 'imageExists after the rejection')
}
