// The module `interrupt`: has a function called at SIGUSR1 whatever the program does, by the schedule, as a board's timers do.
#include <signal.h>

#include "py/runtime.h"

static void schedule_callback(int signal) {
    (void)signal;
    mp_sched_schedule(MP_STATE_VM(interrupt_callback), mp_const_none);
}

static mp_obj_t interrupt_on_signal(mp_obj_t callback) {
    MP_STATE_VM(interrupt_callback) = callback;
    struct sigaction action = {.sa_handler = schedule_callback};
    sigaction(SIGUSR1, &action, NULL);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(interrupt_on_signal_obj, interrupt_on_signal);

static const mp_rom_map_elem_t interrupt_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_interrupt)},
    {MP_ROM_QSTR(MP_QSTR_on_signal), MP_ROM_PTR(&interrupt_on_signal_obj)},
};
static MP_DEFINE_CONST_DICT(interrupt_globals, interrupt_globals_table);

const mp_obj_module_t interrupt_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&interrupt_globals,
};
MP_REGISTER_MODULE(MP_QSTR_interrupt, interrupt_module);
MP_REGISTER_ROOT_POINTER(mp_obj_t interrupt_callback);
