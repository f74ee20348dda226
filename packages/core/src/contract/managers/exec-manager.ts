import type { Readable, Writable } from 'node:stream'
import { type Capability, defineCapability } from '../capability.js'
import type { TerminalSize } from '../container/attach.js'
import type { Argv, EnvMap, OperationOptions } from '../operation.js'

/** Runs additional processes in running containers. */
export interface ExecManager {
  /**
   * Starts a process in a container. Resolves when its streams are attached. A command that cannot be started is not an
   * error: `exitCode` resolves with 126 or 127.
   *
   * @throws HostError NOT_RUNNING when the container is not running; CONTAINER_NOT_FOUND
   */
  exec(id: string, command: Argv, options?: ExecOptions): Promise<ExecProcess>
}

/** The capability of running additional processes in containers. */
export const execManagerCapability: Capability<ExecManager, 'exec.env.unset'> = defineCapability({
  id: 'exec-manager',
  title: 'exec',
  options: { 'exec.env.unset': 'the removal of a variable of the container' },
})

/** Options of `exec`. */
export interface ExecOptions extends OperationOptions {
  /** Variables to add to the container's, or to replace. `null` removes a variable; option `exec.env.unset`. */
  readonly env?: EnvMap
  /** By name or number, with or without a group. Default: the container's. */
  readonly user?: string
  /** An absolute path in the container. Default: the container's. */
  readonly workingDirectory?: string
  /** Allocates a terminal for the process. Default false. */
  readonly tty?: boolean
  /** Opens the stdin of the process. If false, the process reads end-of-file. Default true. */
  readonly stdin?: boolean
  /** Gives the process all kernel capabilities. Default false. */
  readonly privileged?: boolean
}

/**
 * A process that `exec` started. When the process that called `exec` ends, `stdin` is closed; the process in the
 * container may continue until it reads end-of-file.
 *
 * Disposing closes `stdin` and ends the outputs. If the process has not ended, `exitCode` then rejects with
 * EXIT_CODE_UNKNOWN. It is idempotent.
 */
export interface ExecProcess extends AsyncDisposable {
  /** Its end closes the stdin of the process, or sends end-of-transmission (Ctrl-D) to a terminal. The output continues. */
  readonly stdin: Writable
  readonly stdout: Readable
  /** Empty for a process with a terminal. */
  readonly stderr: Readable
  /**
   * Resolves after both outputs have ended: 126 or 127 for a command that could not be started. Rejects with
   * EXIT_CODE_UNKNOWN where the exit code cannot be determined.
   */
  readonly exitCode: Promise<number>
  /**
   * Sends a signal to the process. Default SIGTERM. Resolves with false where the runtime cannot signal the process, for
   * example because the image has no `kill` command.
   */
  kill(signal?: string, options?: OperationOptions): Promise<boolean>
  /** Changes the size of the terminal. Does nothing after the end of the process. INVALID_ARGUMENT for an invalid size. */
  resize(size: TerminalSize, options?: OperationOptions): Promise<void>
}
