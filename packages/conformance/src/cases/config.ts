import { imageBuilderCapability, runtimeCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, expectListed, expectPrints, runAttached } from '../steps/containers.js'
import { buildImage, getPlatform } from '../steps/images.js'

export const configCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'CFG-001': {
    title: 'command is an argument list that no shell interprets',
    requiredOptions: ['command'],
    run: async (context) => {
      const text = `$(id) ; * "two  spaces" 'quoted' \\n $HOME`
      await expectPrints(context, { command: context.programs.echo(text) }, text)
    },
  },
  'CFG-002': {
    title: 'entrypoint precedes command',
    requiredOptions: ['entrypoint'],
    run: async (context) => {
      const [program = '', ...rest] = context.programs.echo('by the entrypoint')
      await expectPrints(context, { entrypoint: [program], command: rest }, 'by the entrypoint')
    },
  },
  'CFG-003': {
    title: 'env sets variables to any text without NUL',
    requiredOptions: ['env'],
    run: async (context) => {
      const value = `a=b "c" 'd' $HOME \\ end`
      await expectPrints(context, { env: { SAID: value }, command: context.programs.variable('SAID') }, value)
    },
  },
  'CFG-004': {
    title: 'env accepts values of several lines',
    requiredOptions: ['env'],
    run: async (context) => {
      const config = { env: { SAID: 'first\nsecond' }, command: context.programs.variable('SAID') }
      await expectPrints(context, config, 'first\nsecond')
    },
  },
  'CFG-005': {
    title: 'env accepts a value of 100 000 characters',
    requiredOptions: ['env'],
    run: async (context) => {
      const value = 'long'.repeat(25_000)
      const { stdout } = await runAttached(context, {
        env: { SAID: value },
        command: context.programs.variable('SAID'),
      })
      expectEqual(stdout.trim().length, value.length, 'the length of the value')
    },
  },
  'CFG-006': {
    title: 'workingDirectory is the directory in which the program starts',
    requiredOptions: ['workingDirectory'],
    run: async (context) =>
      await expectPrints(context, { workingDirectory: '/etc', command: context.programs.directory() }, '/etc'),
  },
  'CFG-007': {
    title: 'user is the user of the program',
    requiredOptions: ['user'],
    run: async (context) => await expectPrints(context, { user: '1234', command: context.programs.user() }, '1234'),
  },
  'CFG-008': {
    title: 'groupAdd adds groups to the user',
    requiredOptions: ['groupAdd'],
    run: async (context) => {
      const { stdout } = await runAttached(context, { groupAdd: ['4321'], command: context.programs.groups() })
      expect(stdout.trim().split(' ').includes('4321'), 'group 4321 among the groups', stdout)
    },
  },
  'CFG-009': {
    title: 'hostname sets the host name inside the container',
    requiredOptions: ['hostname'],
    run: async (context) =>
      await expectPrints(context, { hostname: 'lighthouse', command: context.programs.hostname() }, 'lighthouse'),
  },
  'CFG-010': {
    title: 'readOnlyRootFilesystem prevents writes',
    requiredOptions: ['readOnlyRootFilesystem'],
    run: async (context) => {
      const command = context.programs.write('/conformance', 'written')
      const writable = await runAttached(context, { command })
      const readOnly = await runAttached(context, { readOnlyRootFilesystem: true, command })
      expectEqual(writable.exitCode, 0, 'the exit code without it')
      expect(readOnly.exitCode !== 0, 'an exit code other than 0 with it', readOnly.exitCode)
    },
  },
  'CFG-011': {
    title: 'files that a program writes are visible only in its container',
    run: async (context) => {
      const first = await runAttached(context, { command: context.programs.write('/conformance', 'mine') })
      expectEqual(first.exitCode, 0, 'the exit code of the write')
      const other = await runAttached(context, { command: context.programs.read('/conformance') })
      expect(other.exitCode !== 0, 'no such file in another container', other.stdout)
    },
  },
  'CFG-012': {
    title: 'labels are set on the container unchanged',
    requiredOptions: ['labels'],
    run: async (context) => await expectLabel(context, 'a "quoted", \'single\' text'),
  },
  'CFG-013': {
    title: 'createContainer accepts the platform of this machine',
    requiredOptions: ['platform'],
    run: async (context) => {
      const { exitCode } = await runAttached(context, { platform: getPlatform(), command: context.programs.exit(0) })
      expectEqual(exitCode, 0, 'the exit code')
    },
  },
  'CFG-014': {
    title: 'dns sets the name servers',
    requiredOptions: ['dns'],
    run: async (context) => {
      const { stdout } = await runAttached(context, { dns: ['192.0.2.53'], command: context.programs.nameServers() })
      expectEqual(stdout.trim().split('\n'), ['192.0.2.53'], 'the name servers')
    },
  },
  'CFG-015': {
    title: 'init runs an init process as process 1',
    requiredOptions: ['init'],
    run: async (context) => {
      const command = context.programs.processId()
      await expectPrints(context, { command }, '1')
      const { stdout } = await runAttached(context, { init: true, command })
      expect(Number(stdout) > 1, 'a process number above 1', stdout)
    },
  },
  'CFG-016': {
    title: 'env overrides variables of the image and keeps the others',
    needs: [imageBuilderCapability],
    requiredOptions: ['env'],
    run: async (context) => {
      const image = await buildImage(context, `FROM ${context.image}\nENV SAID=image KEPT=image\n`)
      const config = { image, env: { SAID: 'config' } }
      await expectPrints(context, { ...config, command: context.programs.variable('SAID') }, 'config')
      await expectPrints(context, { ...config, command: context.programs.variable('KEPT') }, 'image')
    },
  },
  'CFG-017': {
    title: 'a label value may contain equals signs',
    requiredOptions: ['labels', 'labels.equalsSign'],
    run: async (context) => await expectLabel(context, '=a = b=='),
  },
  'CFG-018': {
    title: 'null in env removes a variable of the image, and has no effect when the image lacks it',
    needs: [imageBuilderCapability],
    requiredOptions: ['env', 'env.unset'],
    run: async (context) => {
      const image = await buildImage(context, `FROM ${context.image}\nENV SAID=image KEPT=image\n`)
      const config = { image, env: { SAID: null, NEVER: null } }
      await expectPrints(context, { ...config, command: context.programs.variable('SAID') }, '')
      await expectPrints(context, { ...config, command: context.programs.variable('NEVER') }, '')
      await expectPrints(context, { ...config, command: context.programs.variable('KEPT') }, 'image')
    },
  },
})

async function expectLabel(context: CaseContext, value: string): Promise<void> {
  const id = await createContainer(context, { labels: { 'example.com/kind': value } })
  const { labels } = await expectListed(context, id)
  expectEqual(labels['example.com/kind'], value, 'the label')
}
