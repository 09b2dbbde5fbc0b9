/* In the reference build these functions are linked with an NF's own, which may have such names
 * too. */
#ifndef REPLAY_NAMES_H
#define REPLAY_NAMES_H

#define allocate replay_allocate
#define allocate_apart replay_allocate_apart
#define bench_print replay_bench_print
#define bench_worker replay_bench_worker
#define clock_ns replay_clock_ns
#define clock_overhead replay_clock_overhead
#define clock_ticks replay_clock_ticks
#define cursor_effect replay_cursor_effect
#define cursor_free replay_cursor_free
#define cursor_next replay_cursor_next
#define cursor_start replay_cursor_start
#define die replay_die
#define handover_finish replay_handover_finish
#define handover_serve replay_handover_serve
#define handover_take replay_handover_take
#define histogram_add replay_histogram_add
#define histogram_create replay_histogram_create
#define lap_begin replay_lap_begin
#define lap_end replay_lap_end
#define latency_print replay_latency_print
#define leaves_through replay_leaves_through
#define merged_write replay_merged_write
#define options_parse replay_options_parse
#define output_open replay_output_open
#define outputs_commit replay_outputs_commit
#define outputs_write replay_outputs_write
#define owners_free replay_owners_free
#define owners_load replay_owners_load
#define packets_keep replay_packets_keep
#define packets_restore replay_packets_restore
#define rings_create replay_rings_create
#define rings_free replay_rings_free
#define run_all replay_run_all
#define run_free replay_run_free
#define sent_bytes replay_sent_bytes
#define sent_data replay_sent_data
#define stats_note_tables replay_stats_note_tables
#define stats_print replay_stats_print
#define trace_free replay_trace_free
#define trace_load replay_trace_load
#define trace_steer replay_trace_steer
#define verdicts_write replay_verdicts_write

#endif
