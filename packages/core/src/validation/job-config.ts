import { posix } from 'node:path'
import type { ContainerConfig } from '../contract/container/container-config.js'
import type { JobConfig, JobSecret, JobSettingsFile, RunJobOptions } from '../contract/managers/job-manager.js'
import { check, checkEach, checkFunction, checkObject, checkSecret, checkText, checkUnique } from './check.js'
import { validateContainerConfig } from './container-config.js'
import { checkContainerPath } from './fields.js'
import { checkFields } from './known-fields.js'
import { validateId } from './names.js'

/**
 * Validates the config of a job and the options of `runJob`, and returns the config of a container which runs the job on one
 * engine. Every job manager must call it before any side effect.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field in the job's config
 */
export function validateJobConfig(job: JobConfig, options: RunJobOptions = {}): ContainerConfig {
  checkObject('config', job)
  checkFields('JobConfig', job)
  checkFields('RunJobOptions', options)
  checkFunction('onProgress', options.onProgress)
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

const constraint = /^[A-Za-z][\w.-]*\s*[=!]=\s*\S/
const constraintText = 'a condition such as "node.labels.gpu==yes"'
