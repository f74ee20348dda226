import { type JobConfig, jobManagerCapability, type RunJobOptions, type RuntimeScope } from '@capstan/core'
import { ownershipLabelKeys } from '@capstan/core/plugin'
import { expect, expectEqual, toIds } from '../assert/expect.js'
import { expectAnyHostError, expectHostError } from '../assert/expect-rejection.js'
import { eventually, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectAborts, expectUndoneByAbort } from '../steps/abort.js'
import { collectBytes } from '../steps/collect.js'
import { expectNumberedRuns } from '../steps/containers.js'
import { inBackground } from '../steps/in-background.js'

export const jobCases: readonly ConformanceCase[] = defineCases(jobManagerCapability, {
  'JOB-001': {
    title: 'runJob resolves with the exit code and a task after all output, ends no stream, and leaves nothing',
    run: async (context) => {
      const stdout = collectBytes()
      const stderr = collectBytes()
      const command = context.programs.printBoth('to out', 'to err', 5)
      const result = await runJob(context, { command }, { stdout: stdout.stream, stderr: stderr.stream })
      const seen = { exitCode: result.exitCode, stdout: stdout.text(), stderr: stderr.text() }
      expectEqual(seen, { exitCode: 5, stdout: 'to out\n', stderr: 'to err\n' }, 'the result')
      expect(typeof result.taskId === 'string' && result.taskId !== '', 'the id of a task', result.taskId)
      const ended = [stdout, stderr].map(({ stream }) => stream.writableEnded || stream.destroyed)
      expectEqual(ended, [false, false], 'which outputs were ended')
      await expectNothingLeft(context)
    },
  },
  'JOB-002': {
    title: 'a slow output stream gets all output in order before runJob resolves',
    run: async (context) => {
      const count = 20_000
      const stdout = collectBytes({ delayMs: 5 })
      const { exitCode } = await runJob(context, { command: context.programs.lines(count) }, { stdout: stdout.stream })
      expectEqual(exitCode, 0, 'the exit code')
      const lines = stdout.text().split('\n')
      const wrong = Array.from({ length: count }, (_, index) => String(index + 1)).find(
        (line, at) => lines[at] !== line,
      )
      expectEqual(
        [lines.length, wrong],
        [count + 1, undefined],
        'the number of lines and the first one that is missing',
      )
    },
  },
  'JOB-003': {
    title: 'the program of a job gets variables, a working directory and end-of-file',
    requiredOptions: ['env', 'workingDirectory'],
    run: async (context) => {
      const { programs } = context
      const config = { env: { CONFORMANCE: 'a=b c' }, workingDirectory: '/etc' }
      const commands = [programs.variable('CONFORMANCE'), programs.directory(), programs.count()]
      const texts = await Promise.all(commands.map((command) => printJob(context, { ...config, command })))
      expectEqual(texts, ['a=b c', '/etc', '0'], 'the outputs')
    },
  },
  'JOB-004': {
    title: 'twenty jobs at once each have their own output and exit code',
    timeLimitFactor: 2,
    run: async (context) => {
      await expectNumberedRuns(20, async (number) => {
        const stdout = collectBytes()
        const command = context.programs.printBoth(String(number), '', number)
        const { exitCode } = await runJob(context, { command }, { stdout: stdout.stream })
        return { stdout: stdout.text(), exitCode }
      })
      await expectNothingLeft(context)
    },
  },
  'JOB-005': {
    title: 'an abort of a running job rejects with the reason itself and leaves nothing',
    run: async (context) => {
      const stdout = collectBytes()
      const command = context.programs.echoThenSleep('started')
      await expectAborts((options) => runJob(context, { command }, { stdout: stdout.stream, ...options }), {
        until: () => eventually('the first output', () => stdout.text().includes('started') || undefined),
        limitMs: 15_000,
      })
      await expectNothingLeft(context)
    },
  },
  'JOB-006': {
    title: 'runJob leaves nothing when it is aborted at any time',
    timeLimitFactor: 2,
    run: async (context) => {
      const command = context.programs.exit(0)
      const create = async (options: RunJobOptions) => (await runJob(context, { command }, options)).taskId
      await expectUndoneByAbort(context, create, async () => {}, { delaysMs: [0, 1, 10, 50, 150] })
    },
  },
  'JOB-007': {
    title:
      'runJob rejects with IMAGE_NOT_FOUND or IMAGE_PULL_FAILED for an image that cannot be pulled, and leaves nothing',
    run: async (context) => {
      const image = '127.0.0.1:1/conformance/absent:1'
      const codes = ['IMAGE_NOT_FOUND', 'IMAGE_PULL_FAILED'] as const
      const error = await expectAnyHostError(() => runJob(context, { image }), codes)
      expectEqual(Reflect.get(error.facts, 'image'), image, 'the image in the facts')
      await expectNothingLeft(context)
    },
  },
  'JOB-008': {
    title:
      'runJob rejects with COMMAND_NOT_STARTED, and 127 or 126, when the command cannot be started, and leaves nothing',
    run: async (context) => {
      const { missing, forbidden } = context.programs
      for (const [command, exitCode] of [[missing(), 127] as const, [forbidden(), 126] as const]) {
        await expectHostError('COMMAND_NOT_STARTED', () => runJob(context, { command }), { exitCode })
      }
      await expectNothingLeft(context)
    },
  },
  'JOB-009': {
    title: 'runJob rejects with INVALID_ARGUMENT and the path of an invalid field, and creates nothing',
    run: async (context) => {
      const invalid: readonly (readonly [string, object])[] = [
        ['image', { image: '--privileged' }],
        ['command[1]', { command: ['echo', 'a\0b'] }],
        ['env["A"]', { env: { A: null } }],
        ['networks[1]', { networks: ['a', 'a'] }],
        ['mounts[0].target', { mounts: [{ type: 'tmpfs', target: 'x' }] }],
        ['constraints[0]', { constraints: ['gpu'] }],
        ['secrets[0].target', { secrets: [{ secretId: 'a', target: 'a' }] }],
        ['configs[0].configId', { configs: [{ configId: '', target: '/a' }] }],
        ['labels["capstan.owner"]', { labels: { 'capstan.owner': 'x' } }],
        ['tty', { tty: true }],
      ]
      for (const [field, config] of invalid) {
        await expectHostError('INVALID_ARGUMENT', () => runJob(context, config), { field })
      }
      await expectNothingLeft(context)
    },
  },
  'JOB-010': {
    title: 'a running job has its labels and those of its owner, and a sweep removes it when the owner has ended',
    requiredOptions: ['labels'],
    run: async (context) => {
      const labels = { 'conformance.case': context.uniqueName('case') }
      const pid = '4194305' // one more than the highest pid on Linux
      const relabel = (ownerLabels: object) => ({ ...ownerLabels, [ownershipLabelKeys.pid]: pid })
      const owner = await context.open({ relabel })
      // Containers on other nodes of a cluster are not listed.
      const isCluster = (await runJob(context, { command: context.programs.exit(0) })).nodeId !== undefined
      const command = context.programs.echoThenSleep('started')
      const stdout = collectBytes()
      const options = { stdout: stdout.stream, signal: context.signal }
      const running = inBackground(runJob(context, { command, labels }, options, owner))
      await eventually('the first output', () => stdout.text().includes('started') || undefined)
      const sweeper = await context.open({ onlyLabelled: labels })
      const listed = await context.runtime.listContainers({ labels })
      const { removed, failed } = await sweeper.sweep({ signal: context.signal })
      expectEqual(failed, [], 'the resources that were not removed')
      if (!isCluster) {
        expectEqual(
          listed.map((container) => container.labels[ownershipLabelKeys.pid]),
          [pid],
          'the pid of the owner',
        )
        expectEqual(toIds(removed), toIds(listed), 'the removed resources')
      }
      // The exit code of a container that another process removes may be known or not.
      await within(
        15_000,
        'the end of the job',
        running.result.catch(() => undefined),
      )
    },
  },
  'JOB-011': {
    title: 'disposing the scope removes a running job, which rejects with RUNTIME_UNAVAILABLE, as do later calls',
    run: async (context) => {
      const other = await context.open()
      const stdout = collectBytes()
      const command = context.programs.echoThenSleep('started')
      const manager = context.require(jobManagerCapability, other)
      const running = inBackground(manager.runJob({ image: context.image, command }, { stdout: stdout.stream }))
      await eventually('the first output', () => stdout.text().includes('started') || undefined)
      await other[Symbol.asyncDispose]()
      await expectHostError('RUNTIME_UNAVAILABLE', () => within(15_000, 'the rejection', running.result))
      await expectHostError('RUNTIME_UNAVAILABLE', () => manager.runJob({ image: context.image }))
      await expectNothingLeft(context)
    },
  },
})

/** Runs a job; default of `image`: the image of the kit. */
function runJob(
  context: CaseContext,
  config: Partial<JobConfig>,
  options: RunJobOptions = {},
  scope: RuntimeScope = context.scope,
) {
  const { image, signal } = context
  return context.require(jobManagerCapability, scope).runJob({ image, ...config }, { signal, ...options })
}

/** Runs a job that must exit with 0, and resolves with its output without surrounding space. */
async function printJob(context: CaseContext, config: Partial<JobConfig>): Promise<string> {
  const stdout = collectBytes()
  const { exitCode } = await runJob(context, config, { stdout: stdout.stream })
  expectEqual(exitCode, 0, 'the exit code')
  return stdout.text().trim()
}

async function expectNothingLeft(context: CaseContext): Promise<void> {
  expectEqual(await context.listCreated(), [], 'the resources that remain')
}
