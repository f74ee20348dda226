import { posix } from 'node:path'
import type { ContainerConfig } from '../contract/container/container-config.js'
import type { JobConfig, JobSecret, JobSettingsFile } from '../contract/managers/job-manager.js'
import { check, checkEach, checkObject, checkSecret, checkText, checkUnique } from './check.js'
import { validateContainerConfig } from './container-config.js'
import { checkContainerPath } from './fields.js'
import { validateId } from './names.js'

/**
 * Validates the config of a job and returns that of a container which runs it on one engine. Every job manager must call it
 * before any side effect.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field in the job's config
 */
export function validateJobConfig(job: JobConfig): ContainerConfig {
  checkObject('config', job)
  for (const field of Object.keys(job)) {
    const expected = 'absent, since it is not a field of JobConfig'
    checkSecret(Object.hasOwn(fields, field), field, expected, Reflect.get(job, field))
  }
  const { networks = [], constraints = [], secrets = [], configs = [], env = {}, ...rest } = job
  checkEach('networks', networks, (field, network) => validateId(network, field))
  checkUnique('networks', networks, (network) => network)
  checkEach('constraints', constraints, (field, text) => checkText(field, text, constraint, constraintText))
  checkFiles('secrets', secrets, 'secretId')
  checkFiles('configs', configs, 'configId')
  checkTargetsDiffer(secrets, configs)
  checkObject('env', env)
  for (const [name, value] of Object.entries<unknown>(env)) {
    checkSecret(value !== null, `env[${JSON.stringify(name)}]`, 'a string without NUL', value)
  }
  const [first, ...others] = networks.map((networkId) => ({ networkId }))
  const container: ContainerConfig = {
    ...rest,
    env,
    ...(first === undefined ? {} : { network: { mode: 'networks', networks: [first, ...others] } }),
  }
  validateContainerConfig(container)
  return container
}

function checkFiles<K extends string>(
  field: string,
  files: readonly ({ readonly target: string } & { readonly [Key in K]: string })[],
  idField: K,
): void {
  checkEach(field, files, (at, file) => {
    checkObject(at, file)
    validateId(file[idField], `${at}.${idField}`)
    checkContainerPath(`${at}.target`, file.target)
  })
  checkUnique(field, files, ({ target }) => posix.resolve(target))
}

/** A secret and a config cannot have the same target. */
function checkTargetsDiffer(secrets: readonly JobSecret[], configs: readonly JobSettingsFile[]): void {
  const taken = secrets.map(({ target }) => posix.resolve(target))
  for (const [index, { target }] of configs.entries()) {
    const isFree = !taken.includes(posix.resolve(target))
    check(isFree, `configs[${index}].target`, 'another target than those of secrets', target)
  }
}

// The type of the record makes a missing field a compile error.
const fields: Readonly<Record<keyof JobConfig, true>> = {
  image: true,
  command: true,
  entrypoint: true,
  env: true,
  user: true,
  workingDirectory: true,
  mounts: true,
  networks: true,
  memoryBytes: true,
  cpus: true,
  constraints: true,
  secrets: true,
  configs: true,
  labels: true,
}

const constraint = /^[A-Za-z][\w.-]*\s*[=!]=\s*\S/
const constraintText = 'a condition such as "node.labels.gpu==yes"'
