import type { Readable, Writable } from 'node:stream'
import { type Capability, defineCapability } from '../capability.js'
import type { TerminalSize } from '../container/attach.js'
import type { Argv, EnvMap, OperationOptions } from '../operation.js'

/** Further processes in a running container. */
export interface ExecManager {
  /** Resolves when the process is attached. Container not running: NOT_RUNNING. A command that does not start is an exit code, not an error. */
  exec(id: string, command: Argv, options?: ExecOptions): Promise<ExecProcess>
}

/** Processes in containers that run. */
export const execManagerCapability: Capability<ExecManager, 'exec.env.unset'> = defineCapability({
  id: 'exec-manager',
  title: 'exec',
  refusable: { 'exec.env.unset': 'the removal of a variable of the container' },
})

/** Options of `exec`; what is absent is as in the container. */
export interface ExecOptions extends OperationOptions {
  /** Added to the container's variables; `null` removes one (`exec.env.unset` where refused). */
  readonly env?: EnvMap
  readonly user?: string
  readonly workingDirectory?: string
  /** Default false. */
  readonly tty?: boolean
  /** Default true; false: the process reads end-of-file. */
  readonly stdin?: boolean
  /** Gives the process the capabilities of the machine. Default false. */
  readonly privileged?: boolean
}

/** A process in a running container. The host's end closes `stdin`; the process itself may live on until it reads that. */
export interface ExecProcess extends AsyncDisposable {
  /** Ending it ends the input of the process, whose output continues; at a terminal end-of-transmission (Ctrl-D) is sent. */
  readonly stdin: Writable
  readonly stdout: Readable
  /** Empty with a terminal. */
  readonly stderr: Readable
  /** Resolves after both outputs ended; 126 and 127 for a command that did not start; ExitCodeUnknownError rather than a guess. */
  readonly exitCode: Promise<number>
  /** Sends the signal (default SIGTERM). False: this runtime has no way to reach the process (it needs one in the image). */
  kill(signal?: string, options?: OperationOptions): Promise<boolean>
  /** Gives the terminal of the process another size. After its end: nothing. Bad numbers: INVALID_ARGUMENT. */
  resize(size: TerminalSize, options?: OperationOptions): Promise<void>
}
