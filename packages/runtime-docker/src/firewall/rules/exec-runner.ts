import { createHostError, startDeadline } from '@capstan/core/plugin'
import { readExitCode } from '../../containers/exec/exec-exit-code.js'
import { readPrefix } from '../../engine/streams/read-prefix.js'
import type { NamespaceRunner, RunnerContext } from './namespace-runner.js'

/**
 * Runs scripts as user 0 in the container that owns the network namespace. If that is the restricted container itself,
 * its processes may have changed the tools. A privileged exec has every capability.
 */
export function createExecRunner(
  { engine, container }: RunnerContext,
  { privileged, title }: { readonly privileged: boolean; readonly title: string },
): NamespaceRunner {
  return {
    title,
    async run(script, call) {
      const { id } = await (await engine.api(call)).getContainer(container.namespaceId).exec({
        Cmd: ['/bin/sh', '-c', script],
        User: '0',
        Privileged: privileged,
        Tty: true, // one raw stream, in order
        AttachStdout: true,
        AttachStderr: true,
      })
      const body = { Detach: false, Tty: true }
      const { socket, head } = await engine.upgrade({ ...call, method: 'POST', path: `/exec/${id}/start`, body })
      const { operation, timeoutMs = defaultTimeoutMs } = call
      const expire = () =>
        socket.destroy(createHostError('TIMED_OUT', { operation, phase: title, timeoutMs, lastLines: [] }))
      const deadline = startDeadline(timeoutMs, expire)
      const rest = await readPrefix(engine, socket, call).finally(() => deadline.clear())
      socket.destroy()
      const output = Buffer.concat([head, rest]).toString()
      return { exitCode: await readExitCode(engine, { execId: id, call }), output }
    },
  }
}

const defaultTimeoutMs = 60_000
