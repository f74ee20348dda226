import type { ComposeProject } from '@capstan/core'
import { CliError } from '../errors/cli-error.js'

/** The options of `compose up` with which the end of a container ends the project. */
export interface ExitOptions {
  readonly abortOnContainerExit?: boolean
  readonly abortOnContainerFailure?: boolean
  readonly exitCodeFrom?: string
}

/** Whether one of the options is given. */
export function endsOnExit({ abortOnContainerExit, abortOnContainerFailure, exitCodeFrom }: ExitOptions): boolean {
  return abortOnContainerExit === true || abortOnContainerFailure === true || exitCodeFrom !== undefined
}

/** Decides by the exits of the containers of a project when it is stopped, and with which code the command exits. */
export class ServiceExits {
  readonly #options: ExitOptions
  readonly #jobs: ReadonlySet<string>
  /** The earliest exit that ends the project. */
  #first: ServiceExit | undefined
  #codeFrom: number | undefined

  /** @throws CliError when the project does not have the service of `--exit-code-from` */
  constructor(options: ExitOptions, { name, services }: ComposeProject) {
    this.#options = options
    const completed = services.flatMap(({ dependsOn }) =>
      dependsOn.filter(({ condition }) => condition === 'completed'),
    )
    this.#jobs = new Set(completed.map(({ service }) => service))
    const { exitCodeFrom } = options
    if (exitCodeFrom === undefined || services.some((service) => service.name === exitCodeFrom)) return
    const known = services.map((service) => service.name).join(', ')
    throw new CliError(`project "${name}" has no service "${exitCodeFrom}" (--exit-code-from): it has ${known}`)
  }

  /**
   * Adds the exit of a container. Returns whether it is the first one added that ends the project: any exit, or with
   * `--abort-on-container-failure` one with another code than 0. A job for which another service waits does not end it with code 0,
   * unless it is the service of `--exit-code-from`.
   */
  add(exit: ServiceExit): boolean {
    const { abortOnContainerFailure = false, exitCodeFrom } = this.#options
    const { service, exitCode } = exit
    // Of several containers, the code of one that has failed.
    if (service === exitCodeFrom) this.#codeFrom = this.#codeFrom || exitCode
    const isAwaited = this.#jobs.has(service) && service !== exitCodeFrom
    if (exitCode === 0 && (abortOnContainerFailure || isAwaited)) return false
    const first = this.#first
    if (first === undefined || isBefore(exit, first)) this.#first = exit
    return first === undefined
  }

  /** The code with which the command exits when all containers have ended. @throws CliError where it is not known */
  get exitCode(): number {
    const { exitCodeFrom } = this.#options
    const exitCode = exitCodeFrom === undefined ? (this.#first ?? { exitCode: 0 }).exitCode : this.#codeFrom
    if (exitCode !== undefined) return exitCode
    throw new CliError(`the exit code of service "${exitCodeFrom ?? this.#first?.service}" is not known`)
  }
}

/** The end of a container of a service. The exit code and the time are `undefined` where they are not known. */
export interface ServiceExit {
  readonly service: string
  readonly exitCode: number | undefined
  readonly finishedAt: Date | undefined
}

/** Containers that have exited before their logs are shown are added in any order. */
function isBefore({ finishedAt: time }: ServiceExit, { finishedAt: other }: ServiceExit): boolean {
  return time !== undefined && other !== undefined && time < other
}
