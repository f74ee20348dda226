import { describe, expect, it } from 'vitest'
import { OptionUnsupportedError } from '../../src/index.js'
import { createHostError, joinWords } from '../../src/plugin.js'

describe('the message of an error', () => {
  it('names all missing capabilities by their titles', () => {
    const missing = [
      { id: 'network-manager', title: 'networks', reason: 'not probed', remedy: undefined },
      { id: 'sidecar-manager', title: 'sidecars', reason: 'not probed', remedy: undefined },
    ]
    const error = createHostError('CAPABILITY_MISSING', { feature: 'BuildKit', runtime: 'apple', missing, reports: [] })
    expect(error.message).toBe('BuildKit needs networks and sidecars, which runtime "apple" does not provide')
  })

  it('contains the remedy, if there is one', () => {
    expect(createHostError('IMAGE_NOT_FOUND', { image: 'app:1' }).message).toBe(
      'there is no image "app:1"; pull or build it first',
    )
    expect(createHostError('NAME_CONFLICT', { name: 'db', holderId: 'abc', sameOwner: true }).message).toBe(
      'the name "db" is taken by abc, which this RuntimeHost created; choose another name, or remove the object that has it',
    )
  })

  it('contains the step, the exit code and the last line of a failed build', () => {
    const facts = { step: 'step 2/3', command: 'RUN make', exitCode: 9, lastLines: ['compiling', 'no rule to make'] }
    expect(createHostError('BUILD_FAILED', facts).message).toBe(
      'the build failed at step 2/3 (RUN make) with exit code 9: no rule to make',
    )
  })

  it('contains the exit code or the health of a service that is not ready', () => {
    const facts = {
      project: 'shop',
      service: 'db',
      containerId: 'c1',
      health: undefined,
      exitCode: 7,
      lastLines: ['no'],
    }
    expect(createHostError('SERVICE_NOT_READY', { ...facts, state: 'exited' }).message).toBe(
      'service "db" of project "shop" is not ready: its container exited with code 7; the last line of its log is: no',
    )
    const ill = { ...facts, state: 'running', health: 'unhealthy', exitCode: undefined, lastLines: [] } as const
    expect(createHostError('SERVICE_NOT_READY', ill).message).toBe(
      'service "db" of project "shop" is not ready: its container is unhealthy',
    )
  })

  it('contains the reasons of a service that did not converge', () => {
    const facts = { service: 'web', running: 1, desired: 3, reasons: ['task: non-zero exit (5)', 'no space'] }
    expect(createHostError('SERVICE_NOT_CONVERGED', { ...facts, rolledBack: true }).message).toBe(
      'service "web" did not converge: 1 of 3 tasks run (task: non-zero exit (5); no space), and its previous settings were restored',
    )
    expect(createHostError('SERVICE_NOT_CONVERGED', { ...facts, reasons: [], rolledBack: false }).message).toBe(
      'service "web" did not converge: 1 of 3 tasks run',
    )
  })

  it('contains the state of a container whose firewall failed', () => {
    const facts = { id: 'c1', reason: 'no iptables in reach', containment: 'disconnected' } as const
    expect(createHostError('FIREWALL_FAILED', facts).message).toBe(
      'the firewall of container "c1" was not set: no iptables in reach; the container was disconnected from every network',
    )
  })

  it('names a process without calling it a container, since `exec` has the code, too', () => {
    const facts = { id: 'e1', reason: 'the engine did not record it' }
    expect(createHostError('EXIT_CODE_UNKNOWN', facts).message).toBe(
      'the exit code of "e1" is not known: the engine did not record it',
    )
  })

  it('tells the time of the last log line from the time of the loss', () => {
    const facts = { endpoint: 'unix:///x', lastTimestamp: '2024-01-01T00:00:00Z' }
    expect(createHostError('CONNECTION_LOST', facts).message).toBe(
      'the connection to unix:///x was lost; the last line or event is of 2024-01-01T00:00:00Z',
    )
  })
})

describe('createHostError', () => {
  it('creates an instance of the subclass of HostError for the code, if there is one', () => {
    const facts = { runtime: 'apple', field: 'privileged', given: 'true', reason: 'no such option' } as const
    const error = createHostError('OPTION_UNSUPPORTED', facts)
    expect(error).toBeInstanceOf(OptionUnsupportedError)
    expect(error).toMatchObject({ name: 'OptionUnsupportedError', code: 'OPTION_UNSUPPORTED', facts })
  })

  it('keeps the cause', () => {
    const cause = new Error('ECONNRESET')
    const facts = { endpoint: 'unix:///x', lastTimestamp: undefined }
    expect(createHostError('CONNECTION_LOST', facts, { cause }).cause).toBe(cause)
  })
})

describe('joinWords', () => {
  it.each([
    [[], ''],
    [['networks'], 'networks'],
    [['networks', 'sidecars'], 'networks and sidecars'],
    [['networks', 'sidecars', 'exec'], 'networks, sidecars and exec'],
  ])('joins %j', (words, text) => {
    expect(joinWords(words)).toBe(text)
  })
})
