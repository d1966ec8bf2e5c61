/** Preloaded: Node as another release of it may be, which shows nobody the handles of its sockets. */
const { get } = Reflect;

Object.assign(Reflect, {
  get: (target: object, key: PropertyKey, ...rest: [unknown?]): unknown =>
    key === "_handle" ? undefined : get(target, key, ...rest),
});
